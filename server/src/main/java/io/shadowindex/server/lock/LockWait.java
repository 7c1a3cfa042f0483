package io.shadowindex.server.lock;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long a caller waits, and whether it still does. For one wait; {@link #abandon} is for any.
 */
public final class LockWait {

  private final long deadline;
  private LockQueue.@Nullable Ticket ticket;
  private boolean abandoned;

  private LockWait(Duration limit) {
    this.deadline = System.nanoTime() + limit.toNanos();
  }

  /** Waits that long from now on. */
  public static LockWait atMost(Duration limit) {
    return new LockWait(limit);
  }

  /** The caller has gone: the wait ends at once, without a lock. */
  public synchronized void abandon() {
    abandoned = true;
    if (ticket != null) {
      ticket.abandon();
    }
  }

  public synchronized boolean isAbandoned() {
    return abandoned;
  }

  /** Whether the time is up. */
  boolean isOver() {
    return deadline - System.nanoTime() <= 0;
  }

  long deadline() {
    return deadline;
  }

  synchronized void on(LockQueue.Ticket joined) {
    ticket = joined;
    if (abandoned) {
      joined.abandon();
    }
  }
}
