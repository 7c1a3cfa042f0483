package io.shadowindex.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What developers notice of a day of rebuilds, in three ways, as `shadowctl scenario` tells it. */
final class Scenarios implements Measure {

  /** The last columns of a row: writes, refused, and for how much of the day they could write. */
  private static final Pattern ROW =
      Pattern.compile("(?m)^(\\S.{21}) .*?([\\d,]+) +([\\d,]+) +(-?[\\d.]+)%$");

  private static final int DEVELOPERS = 20;

  @Override
  public String id() {
    return "scenarios";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    Path said = lab.directory("scenarios").resolve("said");
    long seconds = 1 + 4 * lab.plan().round().toSeconds();
    try (ShadowIndexServer server = lab.shadowIndex()) {
      var _ =
          Peer.seconds(
              said,
              lab.file("client/bin/shadowctl").toString(),
              "scenario",
              "--server",
              server.address(),
              "--developers",
              Integer.toString(DEVELOPERS),
              "--seconds",
              Long.toString(seconds));
    }
    String text = Files.readString(said, UTF_8);
    return new Section(
        id(),
        "Developers blocked",
        "```\n%s\n```".formatted(text.strip()),
        table(text),
        List.of(),
        List.of());
  }

  private static Table table(String text) {
    var table = new Table();
    String load = "%d developers".formatted(DEVELOPERS);
    for (Matcher row = ROW.matcher(text); row.find(); ) {
      table
          .add(row.group(1).strip(), load, "writes", number(row.group(2)))
          .add(row.group(1).strip(), load, "refused at first", number(row.group(3)))
          .add(row.group(1).strip(), load, "writable %", number(row.group(4)));
    }
    return table;
  }

  private static double number(String text) {
    return Double.parseDouble(text.replace(",", ""));
  }
}
