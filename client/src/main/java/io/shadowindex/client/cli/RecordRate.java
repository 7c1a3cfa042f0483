package io.shadowindex.client.cli;

import java.util.OptionalLong;
import java.util.function.LongSupplier;

/** Records a second since the first ones were seen. */
final class RecordRate {
  /** Before that, a rate says more about the first report than about the work. */
  private static final long FIRST_TOLD_AFTER_NANOS = 500_000_000;

  private final LongSupplier nanoTime;
  private long firstNanos;
  private long firstRecords = -1;

  RecordRate(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Takes note of a count and answers the rate; begins anew when the count went back (a retry). */
  OptionalLong at(long records) {
    long now = nanoTime.getAsLong();
    if (firstRecords < 0 || records < firstRecords) {
      firstNanos = now;
      firstRecords = records;
    }
    long nanos = now - firstNanos;
    return nanos < FIRST_TOLD_AFTER_NANOS
        ? OptionalLong.empty()
        : OptionalLong.of(Math.round((records - firstRecords) * 1e9 / nanos));
  }
}
