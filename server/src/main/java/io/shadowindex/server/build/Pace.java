package io.shadowindex.server.build;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How fast a build goes: exponentially smoothed over its reports, so that the last half minute
 * counts most, and no single report more than a third.
 *
 * @param fraction how much was done when that last changed, 0 to 1
 * @param changedAt when that was, or when a pause ended since
 * @param rate fraction a second; 0 while unknown
 * @param deviation how far single samples of the rate were from it
 * @param records how many there were at {@code recordsAt}
 * @param recordsPerSecond 0 while unknown
 */
public record Pace(
    double fraction,
    Instant changedAt,
    double rate,
    double deviation,
    long records,
    Instant recordsAt,
    double recordsPerSecond) {

  private static final double MEMORY_SECONDS = 30;
  private static final double LARGEST_WEIGHT = 0.3;

  /** Samples over less time are mostly noise; they are added up instead. */
  private static final double SHORTEST_SAMPLE_SECONDS = 0.1;

  /** The rate counts as lower once this much more should have been done and was not. */
  private static final double OVERDUE = 0.02;

  private static final double SLOWEST = 0.25;

  static Pace begin(double fraction, long records, Instant now) {
    return new Pace(fraction, now, 0, 0, records, now, 0);
  }

  /** The pace after a report. */
  Pace after(double newFraction, long newRecords, Instant now) {
    Pace pace = this;
    double seconds = seconds(changedAt, now);
    if (newFraction > fraction && seconds >= SHORTEST_SAMPLE_SECONDS) {
      double sample = (newFraction - fraction) / seconds;
      double weight = rate == 0 ? 1 : weight(seconds);
      double distance = rate == 0 ? sample / 2 : Math.abs(sample - rate);
      pace =
          new Pace(
              newFraction,
              now,
              rate + weight * (sample - rate),
              deviation + weight * (distance - deviation),
              records,
              recordsAt,
              recordsPerSecond);
    }
    return pace.afterRecords(newRecords, now);
  }

  /** The pace after a pause, in which nothing was done and nothing is to be concluded from that. */
  Pace resumed(Instant now) {
    return new Pace(fraction, now, rate, deviation, records, now, recordsPerSecond);
  }

  private Pace afterRecords(long newRecords, Instant now) {
    double seconds = seconds(recordsAt, now);
    if (newRecords <= records || seconds < SHORTEST_SAMPLE_SECONDS) {
      return this;
    }
    double sample = (newRecords - records) / seconds;
    double weight = recordsPerSecond == 0 ? 1 : weight(seconds);
    return new Pace(
        fraction,
        changedAt,
        rate,
        deviation,
        newRecords,
        now,
        recordsPerSecond + weight * (sample - recordsPerSecond));
  }

  /** What is left at this pace; null while it is unknown. Never less than a second. */
  @Nullable Estimate estimate(Instant now) {
    if (rate <= 0) {
      return null;
    }
    double waited = Math.max(0, seconds(changedAt, now));
    double slowed = waited * rate > OVERDUE ? OVERDUE / waited : rate;
    double left = 1 - fraction;
    double passed = Math.min(waited, OVERDUE / slowed);
    return Estimate.within(
        left / (rate + deviation) - passed,
        left / slowed - passed,
        left / Math.max(slowed - deviation, slowed * SLOWEST) - passed);
  }

  private static double weight(double seconds) {
    return Math.min(LARGEST_WEIGHT, 1 - Math.exp(-seconds / MEMORY_SECONDS));
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toNanos() / 1e9;
  }
}
