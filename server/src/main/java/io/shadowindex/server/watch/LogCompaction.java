package io.shadowindex.server.watch;

import java.time.Duration;
import java.time.InstantSource;

/** Forgets old events, in transactions that are small enough to keep nobody waiting. */
public final class LogCompaction {

  private static final int EVENTS_AT_ONCE = 500;

  private final BuildLog log;
  private final InstantSource clock;

  public LogCompaction(BuildLog log, InstantSource clock) {
    this.log = log;
    this.clock = clock;
  }

  /**
   * Forgets what need not be kept any longer.
   *
   * @param keepEvents how many of the newest events are kept at most
   * @param keep how long events are kept
   */
  public void run(long keepEvents, Duration keep) {
    int forgotten;
    do {
      forgotten = log.compact(keepEvents, clock.instant().minus(keep), EVENTS_AT_ONCE);
    } while (forgotten >= EVENTS_AT_ONCE);
  }
}
