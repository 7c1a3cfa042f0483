package io.shadowindex.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The bench itself works; how fast anything is does not matter here. */
class BenchIT {

  @Test
  void everyMeasureIsMadeAndReported(@TempDir Path report) throws Exception {
    int exit =
        new CommandLine(new Bench())
            .execute("--home", "../..", "--plan", "smoke", "--report", report.toString());

    assertThat(exit).isZero();
    String text = Files.readString(report.resolve("report.md"));
    for (Measure measure : Bench.MEASURES) {
      assertThat(Files.readString(report.resolve("report.json"))).contains(measure.id());
    }
    assertThat(text).doesNotContain("Not measured");
    assertThat(report.resolve("work")).doesNotExist();
  }
}
