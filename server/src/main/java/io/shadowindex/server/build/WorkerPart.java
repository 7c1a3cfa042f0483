package io.shadowindex.server.build;

import io.shadowindex.server.refusal.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What one worker has said of its part, the newest only.
 *
 * @param fraction how much of the part is done, 0 to 1
 * @param weight 1 or more
 * @param doneAt when the part will be complete, as the worker estimates it
 * @param heardAt when the worker last reported, or was last given its lease anew
 * @param lost whether the worker was named as silent and has not reported since
 */
public record WorkerPart(
    int percent,
    double fraction,
    long recordCount,
    long weight,
    @Nullable Instant doneAt,
    Instant heardAt,
    boolean lost) {

  /** The part of a worker that has said nothing of it yet. */
  static WorkerPart unknown(Instant now) {
    return new WorkerPart(0, 0, 0, 1, null, now, false);
  }

  /** The part after a report. Refuses what is behind an earlier one. */
  static WorkerPart after(UUID buildId, WorkerPart before, ProgressReport report, Instant now) {
    Long total = report.totalRecordCount();
    Long reportedCount = report.recordCount();
    long recordCount = reportedCount == null ? before.recordCount : reportedCount;
    if (recordCount < before.recordCount) {
      throw new Refusal.ProgressBackwards(buildId, "record_count", before.recordCount, recordCount)
          .exception();
    }
    int percent = total == null ? report.percent() : percentOf(recordCount, total);
    if (percent < before.percent) {
      throw new Refusal.ProgressBackwards(buildId, "progress_percent", before.percent, percent)
          .exception();
    }
    Integer seconds = report.estimatedCompletionSeconds();
    return new WorkerPart(
        percent,
        total == null ? percent / 100.0 : Math.min(1, recordCount / (double) total),
        recordCount,
        report.weight() > 0 ? report.weight() : total == null ? 1 : total,
        seconds == null ? null : now.plusSeconds(seconds),
        now,
        false);
  }

  private static int percentOf(long recordCount, long total) {
    return (int) Math.min(100, recordCount * 100.0 / total);
  }

  /** The part with the lease begun anew. */
  WorkerPart heardAt(Instant now) {
    return new WorkerPart(percent, fraction, recordCount, weight, doneAt, now, lost);
  }

  /** The part, lost when its worker has been silent for longer than that. */
  WorkerPart afterSilence(Duration lease, Instant now) {
    boolean silent = !isDone() && Duration.between(heardAt, now).compareTo(lease) > 0;
    return new WorkerPart(percent, fraction, recordCount, weight, doneAt, heardAt, lost || silent);
  }

  boolean isDone() {
    return fraction >= 1;
  }
}
