package io.shadowindex.server.testing;

import java.time.Duration;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Durations that several threads measured, and the words in which a test reports them. */
public final class Samples {

  private final Queue<Long> nanos = new ConcurrentLinkedQueue<>();

  public void add(Duration sample) {
    nanos.add(sample.toNanos());
  }

  public void addMicros(long micros) {
    nanos.add(micros * 1000);
  }

  /** The smallest sample that this share of them, 0 to 1, does not exceed; zero without samples. */
  public Duration quantile(double share) {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
    if (sorted.length == 0) {
      return Duration.ZERO;
    }
    int rank = (int) Math.ceil(share * sorted.length) - 1;
    return Duration.ofNanos(sorted[Math.clamp(rank, 0, sorted.length - 1)]);
  }

  @Override
  public String toString() {
    return "p50 %s, p99 %s, max %s"
        .formatted(millis(quantile(0.5)), millis(quantile(0.99)), millis(quantile(1)));
  }

  private static String millis(Duration duration) {
    return String.format(Locale.ROOT, "%.2f ms", duration.toNanos() / 1e6);
  }
}
