package io.shadowindex.server.lock;

import java.time.Duration;

/**
 * A lock that somebody asks for.
 *
 * @param owner who is to hold it; told to those it keeps out, and checked on renewal and release
 * @param reason for people; may be empty
 * @param ttl how long it is held without renewal, at least a second
 * @param heartbeatInterval how often the owner means to renew; zero when it does not
 */
public record LockRequest(
    LockName name,
    LockType type,
    LockMode mode,
    String owner,
    String reason,
    Duration ttl,
    Duration heartbeatInterval) {

  private static final int MISSED_HEARTBEATS = 3;

  LockRequest with(LockName other) {
    return new LockRequest(other, type, mode, owner, reason, ttl, heartbeatInterval);
  }

  /** How long the lock lives from now on unless it is renewed. */
  public Duration lifetime() {
    Duration patience = heartbeatInterval.multipliedBy(MISSED_HEARTBEATS);
    return heartbeatInterval.isZero() || patience.compareTo(ttl) > 0 ? ttl : patience;
  }

  /** Why a lock that was not renewed has ended. */
  public String expiryReason() {
    return lifetime().equals(ttl)
        ? "not renewed for %d s".formatted(ttl.toSeconds())
        : "three heartbeats of %d s missed".formatted(heartbeatInterval.toSeconds());
  }
}
