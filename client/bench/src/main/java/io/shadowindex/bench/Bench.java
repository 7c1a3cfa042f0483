package io.shadowindex.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The bench: runs the measures one by one and writes the report after each. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures ShadowIndex against what its users know, side by side.")
final class Bench implements Callable<Integer> {

  /** The most telling first: a run that is interrupted has said the most it could. */
  static final List<Measure> MEASURES =
      List.of(
          new Transitions(),
          new LockOut(),
          new FanOut(),
          new Calls(),
          new Sealing(),
          new Footprint(),
          new Growth(),
          new Scenarios());

  @Option(names = "--home", required = true, description = "The project, built.")
  private Path home = Path.of(".");

  @Option(names = "--plan", defaultValue = "full", description = "smoke, quick or full.")
  private String plan = "";

  @Option(names = "--only", split = ",", description = "Measures to make; all by default.")
  private List<String> only = List.of();

  @Option(
      names = "--report",
      description = "Where the report goes; target/bench of the project by default.")
  private Path report = Path.of("");

  public static void main(String[] args) {
    System.exit(new CommandLine(new Bench()).execute(args));
  }

  @Override
  public Integer call() throws IOException {
    Path directory = report.toString().isEmpty() ? home.resolve("target/bench") : report;
    var failed = 0;
    try (var lab = new Lab(home, directory.resolve("work"), Plan.named(plan))) {
      var machine = Machine.describe(lab);
      var sections = new LinkedHashMap<Section, Duration>();
      for (Measure measure : MEASURES) {
        if (only.isEmpty() || only.contains(measure.id())) {
          System.out.printf("%s …%n", measure.id());
          long began = System.nanoTime();
          Section section = section(measure, lab);
          var took = Duration.ofNanos(System.nanoTime() - began);
          System.out.printf("%s took %d s%n", measure.id(), took.toSeconds());
          failed += section.table().rows().isEmpty() ? 1 : 0;
          sections.put(section, took);
          new Report(machine, sections).write(directory);
        }
      }
    }
    System.out.println("report: " + directory.resolve("report.md").normalize());
    return failed == 0 ? 0 : 1;
  }

  /** One measure that fails leaves the others to be made, and its reason in the report. */
  private static Section section(Measure measure, Lab lab) {
    try {
      return measure.run(lab);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Section.failed(measure.id(), e);
    } catch (Exception e) {
      e.printStackTrace();
      return Section.failed(measure.id(), e);
    }
  }
}
