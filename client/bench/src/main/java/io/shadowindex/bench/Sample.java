package io.shadowindex.bench;

import java.time.Duration;
import org.HdrHistogram.Histogram;

/**
 * What one round of load gave.
 *
 * @param perSecond operations that were answered in a second
 * @param latencies in nanoseconds
 */
record Sample(double perSecond, Histogram latencies) {

  private static final long LONGEST = Duration.ofMinutes(2).toNanos();

  /** An empty histogram of latencies in nanoseconds, to three digits. */
  static Histogram histogram() {
    return new Histogram(LONGEST, 3);
  }

  /** A latency as a histogram takes it. */
  static long bounded(long nanos) {
    return Math.clamp(nanos, 0, LONGEST);
  }

  double millisAt(double percentile) {
    return latencies.getValueAtPercentile(percentile) / 1e6;
  }

  double maxMillis() {
    return latencies.getMaxValue() / 1e6;
  }
}
