package io.shadowindex.client.cli;

import io.shadowindex.v1.BuildProgress;
import java.time.Duration;
import java.util.OptionalLong;

/** Progress in words: {@code 37% 5,432 records 1,200/s ETA 0:42}. */
final class ProgressText {
  private ProgressText() {}

  /** What a single report tells. */
  static String of(BuildProgress progress) {
    return of(progress, OptionalLong.empty());
  }

  /** The same with the records a second, once they can be told. */
  static String of(BuildProgress progress, OptionalLong rate) {
    StringBuilder text =
        new StringBuilder(
            Words.text(
                "%3d%%  %,d %s",
                progress.getBuildProgressPercent(),
                progress.getRecordCount(),
                progress.getRecordCount() == 1 ? "record" : "records"));
    rate.ifPresent(records -> text.append(Words.text("  %,d/s", records)));
    if (progress.hasEstimatedCompletionSeconds() && progress.getBuildProgressPercent() < 100) {
      Duration toGo = Duration.ofSeconds(progress.getEstimatedCompletionSeconds());
      text.append("  ETA ").append(Words.clock(toGo));
    }
    return text.toString();
  }
}
