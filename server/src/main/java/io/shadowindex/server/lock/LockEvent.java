package io.shadowindex.server.lock;

import java.time.Instant;

/**
 * Something that happened to a lock.
 *
 * @param lease as it was when it ended, or is after anything else
 * @param by who did it: the owner or an administrator; empty for an expiry
 * @param at when it happened
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

  /** A lock was granted. */
  public static LockEvent acquired(Lease lease) {
    return new LockEvent(Kind.ACQUIRED, lease, lease.owner(), "", lease.acquiredAt());
  }

  /** Its time began anew. */
  public static LockEvent renewed(Lease lease, Instant at) {
    return new LockEvent(Kind.RENEWED, lease, lease.owner(), "", at);
  }

  /** Its holder released it or a part of it. */
  public static LockEvent released(LockStore.Released released, Instant at) {
    Lease rest = released.rest();
    String owner = released.before().owner();
    return rest == null
        ? new LockEvent(Kind.RELEASED, released.before(), owner, "", at)
        : new LockEvent(Kind.PARTLY_RELEASED, rest, owner, "released " + released.freed(), at);
  }

  /** It ended without its holder. */
  public static LockEvent ended(LockStore.Ended ended) {
    Kind kind =
        switch (ended.how()) {
          case EXPIRED -> Kind.EXPIRED;
          case FORCE_RELEASED -> Kind.FORCE_RELEASED;
        };
    return new LockEvent(kind, ended.lease(), ended.by(), ended.reason(), ended.at());
  }
}
