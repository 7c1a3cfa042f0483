package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.v1.BuildProgress;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class ProgressViewTest {

  private final StringWriter printed = new StringWriter();
  private final PrintWriter out = new PrintWriter(printed);
  private int columns = 80;
  private final AtomicLong nanos = new AtomicLong(1_000);

  @Test
  void aTerminalGetsOneLineThatIsRedrawn() {
    try (ProgressBar bar = new ProgressBar(out, () -> columns, nanos::get)) {
      bar.progress(progress(0, 0));
      bar.progress(progress(50, 5_432));
    }
    assertThat(printed.toString())
        .isEqualTo(
            "\r\u001b[K[------------------------------]   0%  0 records"
                + "\r\u001b[K[###############---------------]  50%  5,432 records"
                + System.lineSeparator());
  }

  @Test
  void aFinishedBarIsFull() {
    try (ProgressBar bar = new ProgressBar(out, () -> columns, nanos::get)) {
      bar.progress(progress(100, 1));
    }
    assertThat(printed.toString()).contains("[##############################] 100%  1 record");
  }

  @Test
  void theBarFitsANarrowTerminal() {
    try (ProgressBar bar = new ProgressBar(out, () -> columns, nanos::get)) {
      bar.progress(progress(50, 0));
      nanos.addAndGet(Duration.ofSeconds(1).toNanos());
      bar.progress(progress(50, 123_456).toBuilder().setEstimatedCompletionSeconds(3_599).build());
    }
    String last = printed.toString().strip();
    assertThat(last.substring(last.lastIndexOf("\u001b[K") + 3))
        .endsWith("123,456/s  ETA 59:59")
        .startsWith("[")
        .hasSizeLessThan(80);
  }

  @Test
  void aTerminalOf40ColumnsGetsAShorterBarAndAtLastNone() {
    columns = 40;
    try (ProgressBar bar = new ProgressBar(out, () -> columns, nanos::get)) {
      bar.progress(progress(50, 10));
      bar.progress(progress(50, 123_456_789).toBuilder().setEstimatedCompletionSeconds(9).build());
      nanos.addAndGet(Duration.ofSeconds(1).toNanos());
      bar.progress(progress(50, 987_654_321).toBuilder().setEstimatedCompletionSeconds(9).build());
    }
    assertThat(printed.toString().stripTrailing().split("\\r\u001b\\[K"))
        .endsWith(
            "[##########----------]  50%  10 records",
            " 50%  123,456,789 records  ETA 0:09", " 50%  987,654,321 records  987,654,311~")
        .allMatch(line -> line.length() < 40);
  }

  @Test
  void anEventStandsAboveTheBar() {
    try (ProgressBar bar = new ProgressBar(out, () -> columns, nanos::get)) {
      bar.progress(progress(50, 2));
      bar.event("BUILDING -> BUILT");
    }
    assertThat(printed.toString())
        .contains("\r\u001b[KBUILDING -> BUILT" + System.lineSeparator() + "[#####");
  }

  @Test
  void aPipeGetsPlainLinesAndNoControlCharacters() {
    try (ProgressLines lines = new ProgressLines(out, nanos::get, 0)) {
      lines.progress(progress(1, 10));
      lines.event("BUILDING -> BUILT");
      lines.progress(progress(1, 10));
    }
    assertThat(printed.toString().lines())
        .containsExactly("  1%  10 records", "BUILDING -> BUILT", "  1%  10 records");
    assertThat(printed.toString()).doesNotContain("\r", "\u001b");
  }

  @Test
  void linesMayBeLimitedToSteps() {
    try (ProgressLines lines = new ProgressLines(out, nanos::get, 10)) {
      for (int percent = 0; percent <= 100; percent += 3) {
        lines.progress(progress(percent, percent));
      }
      lines.progress(progress(100, 100));
    }
    assertThat(printed.toString().lines().map(line -> line.strip().replaceFirst("%.*", "")))
        .containsExactly("0", "12", "21", "30", "42", "51", "60", "72", "81", "90", "100");
  }

  @Test
  void theRateComesWithTheRecordsOfTheTimePassed() {
    RecordRate rate = new RecordRate(nanos::get);
    assertThat(rate.at(100)).isEmpty();
    nanos.addAndGet(Duration.ofSeconds(2).toNanos());
    assertThat(rate.at(1_100)).hasValue(500);
  }

  @Test
  void aRetryBeginsTheRateAnew() {
    RecordRate rate = new RecordRate(nanos::get);
    rate.at(5_000);
    nanos.addAndGet(Duration.ofSeconds(10).toNanos());
    assertThat(rate.at(0)).isEmpty();
    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    assertThat(rate.at(70)).hasValue(70);
  }

  @Test
  void durationsReadLikeAClock() {
    assertThat(Words.clock(Duration.ofSeconds(42))).isEqualTo("0:42");
    assertThat(Words.clock(Duration.ofMinutes(59))).isEqualTo("59:00");
    assertThat(Words.clock(Duration.ofSeconds(3_723))).isEqualTo("1:02:03");
  }

  private static BuildProgress progress(int percent, long records) {
    return BuildProgress.newBuilder()
        .setBuildProgressPercent(percent)
        .setRecordCount(records)
        .build();
  }
}
