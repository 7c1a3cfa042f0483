package io.shadowindex.server.build;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a build is. State, not history: the newest replaces the others. The pace is known only in
 * memory, and only since the server started.
 *
 * @param percent 0 to 100
 * @param recordCount 0 or more
 * @param estimatedCompletionSeconds the workers' own estimate; null when they gave none
 * @param reportedAt null before the first report of an attempt
 * @param pace null while nothing is known of it
 * @param lostWorkers the ids of the workers that were named as silent and have not reported since
 */
public record BuildProgress(
    int percent,
    long recordCount,
    @Nullable Integer estimatedCompletionSeconds,
    @Nullable Instant reportedAt,
    @Nullable Pace pace,
    List<String> lostWorkers) {

  public BuildProgress {
    lostWorkers = List.copyOf(lostWorkers);
  }

  /** Progress as it is stored. */
  public BuildProgress(
      int percent,
      long recordCount,
      @Nullable Integer estimatedCompletionSeconds,
      @Nullable Instant reportedAt) {
    this(percent, recordCount, estimatedCompletionSeconds, reportedAt, null, List.of());
  }

  BuildProgress withPace(Pace other) {
    return new BuildProgress(
        percent, recordCount, estimatedCompletionSeconds, reportedAt, other, lostWorkers);
  }

  BuildProgress withLostWorkers(List<String> lost) {
    return new BuildProgress(
        percent, recordCount, estimatedCompletionSeconds, reportedAt, pace, lost);
  }

  /** Records a second, smoothed; null while unknown. */
  public @Nullable Double recordsPerSecond() {
    return pace == null || pace.recordsPerSecond() == 0 ? null : pace.recordsPerSecond();
  }
}
