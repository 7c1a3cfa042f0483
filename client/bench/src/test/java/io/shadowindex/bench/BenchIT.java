package io.shadowindex.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The bench itself works; how fast anything is does not matter here. */
class BenchIT {

  /** Some that need all there is: server processes, load, a report with plots. */
  private static final List<String> MEASURES =
      List.of(System.getProperty("shadowindex.bench.measures", "transitions,switch").split(","));

  @Test
  void measuresAreMadeAndReported(@TempDir Path report) throws Exception {
    int exit =
        new CommandLine(new Bench())
            .execute(
                "--home",
                "../..",
                "--plan",
                "smoke",
                "--only",
                String.join(",", MEASURES),
                "--report",
                report.toString());

    assertThat(exit).isZero();
    String text = Files.readString(report.resolve("report.md"));
    assertThat(Files.readString(report.resolve("report.json"))).contains(MEASURES);
    assertThat(text).doesNotContain("Not measured");
    assertThat(report.resolve("work")).doesNotExist();
  }
}
