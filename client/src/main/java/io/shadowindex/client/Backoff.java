package io.shadowindex.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The pauses between tries to reach a server: each up to twice as long as the one before, at
 * random, so that many clients do not come back at once. For one thread.
 */
final class Backoff {
  private static final long FIRST_NANOS = Duration.ofMillis(20).toNanos();
  private static final long LONGEST_NANOS = Duration.ofSeconds(1).toNanos();

  private long longest = FIRST_NANOS;

  /** How long to pause before the next try. */
  long nextNanos() {
    long pause = ThreadLocalRandom.current().nextLong(longest / 2, longest);
    longest = Math.min(longest * 2, LONGEST_NANOS);
    return pause;
  }

  /** The server was there. */
  void reset() {
    longest = FIRST_NANOS;
  }
}
