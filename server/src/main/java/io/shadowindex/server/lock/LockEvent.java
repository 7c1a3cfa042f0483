package io.shadowindex.server.lock;

import java.time.Instant;

/**
 * Something that happened to a lock.
 *
 * @param lease as it was when it ended, or is after anything else
 * @param by who did it: the owner or an administrator; empty for an expiry
 * @param at when it was told of
 */
public record LockEvent(Kind kind, Lease lease, String by, String reason, Instant at) {

  /** What happened. */
  public enum Kind {
    ACQUIRED,
    RENEWED,
    PARTLY_RELEASED,
    RELEASED,
    EXPIRED,
    FORCE_RELEASED
  }
}
