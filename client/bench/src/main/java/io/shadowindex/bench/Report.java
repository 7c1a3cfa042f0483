package io.shadowindex.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/**
 * The report of one run: {@code report.md} for people, {@code report.json} for programs.
 *
 * @param machine what was measured where, by name
 * @param sections in the order of the measures, each with the time it took
 */
record Report(Map<String, String> machine, SequencedMap<Section, Duration> sections) {

  void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    for (Section section : sections.keySet()) {
      Plots.write(section, directory);
    }
    Files.writeString(directory.resolve("report.md"), markdown());
    try (JsonGenerator json =
        new JsonFactory()
            .createGenerator(Files.newBufferedWriter(directory.resolve("report.json"), UTF_8))
            .useDefaultPrettyPrinter()) {
      json(json);
    }
  }

  String markdown() {
    var text = new StringBuilder("# Benchmarks\n\n");
    text.append("Median of all rounds (least – greatest). Made by `make bench`.\n\n");
    machine.forEach((name, value) -> text.append("* %s: %s\n".formatted(name, value)));
    text.append(
        "* took: %s, %d s together\n"
            .formatted(
                sections.entrySet().stream()
                    .map(made -> made.getKey().id() + " " + made.getValue().toSeconds() + " s")
                    .collect(Collectors.joining(", ")),
                sections.values().stream().mapToLong(Duration::toSeconds).sum()));
    List<String> verdicts = new ArrayList<>();
    for (Section section : sections.keySet()) {
      for (Target target : section.targets()) {
        verdicts.add(verdict(target));
      }
    }
    if (!verdicts.isEmpty()) {
      text.append(
          "\n## What was to be reached\n\n| | to reach | measured | |\n|---|---|---|---|\n");
      verdicts.forEach(text::append);
    }
    sections.keySet().forEach(section -> append(text, section));
    return text.toString();
  }

  private static String verdict(Target target) {
    return "| %s | %s %s | %s | %s |\n"
        .formatted(
            target.what(),
            target.least() ? "≥" : "≤",
            Numbers.text(target.bound()),
            target.measured().isPresent() ? Numbers.text(target.measured().getAsDouble()) : "–",
            target.verdict());
  }

  private static void append(StringBuilder text, Section section) {
    text.append("\n## %s\n\n%s\n".formatted(section.title(), section.method()));
    List<String> figures = section.table().figures();
    if (!figures.isEmpty()) {
      text.append("\n| | load | %s |\n".formatted(String.join(" | ", figures)));
      text.append("|---|---|%s\n".formatted("---|".repeat(figures.size())));
    }
    section
        .table()
        .rows()
        .forEach(
            (row, values) ->
                text.append(
                    "| %s | %s | %s |\n"
                        .formatted(
                            row.subject(),
                            row.load(),
                            figures.stream()
                                .map(
                                    figure ->
                                        values.containsKey(figure)
                                            ? Numbers.spread(values.get(figure))
                                            : "–")
                                .collect(Collectors.joining(" | ")))));
    if (!section.plots().isEmpty() && !figures.isEmpty()) {
      text.append("\n");
      for (String figure : section.plots()) {
        text.append("![%s](%s)\n".formatted(figure, Plots.file(section, figure)));
      }
    }
  }

  private void json(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeObjectFieldStart("machine");
    for (var entry : machine.entrySet()) {
      json.writeStringField(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
    json.writeArrayFieldStart("sections");
    for (var made : sections.entrySet()) {
      Section section = made.getKey();
      json.writeStartObject();
      json.writeStringField("id", section.id());
      json.writeNumberField("took_seconds", made.getValue().toMillis() / 1e3);
      json.writeStringField("title", section.title());
      json.writeStringField("method", section.method());
      json.writeArrayFieldStart("rows");
      for (var row : section.table().rows().entrySet()) {
        json.writeStartObject();
        json.writeStringField("subject", row.getKey().subject());
        json.writeStringField("load", row.getKey().load());
        json.writeObjectFieldStart("figures");
        for (var figure : row.getValue().entrySet()) {
          json.writeFieldName(figure.getKey());
          double[] rounds = figure.getValue().stream().mapToDouble(Double::doubleValue).toArray();
          json.writeArray(rounds, 0, rounds.length);
        }
        json.writeEndObject();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeArrayFieldStart("targets");
      for (Target target : section.targets()) {
        json.writeStartObject();
        json.writeStringField("what", target.what());
        json.writeNumberField(target.least() ? "at_least" : "at_most", target.bound());
        if (target.measured().isPresent()) {
          json.writeNumberField("measured", target.measured().getAsDouble());
        }
        json.writeStringField("verdict", target.verdict());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
