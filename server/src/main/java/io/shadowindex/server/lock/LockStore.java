package io.shadowindex.server.lock;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The port to where locks are kept.
 *
 * <p>Each change is one transaction, durable when the method returns and after a crash there whole
 * or not at all. A lease has ended once its time is over by the database's clock, whether or not
 * {@link #expire} has removed it: no method sees it any more. Refusals are thrown as {@link
 * io.shadowindex.server.refusal.RefusedException} and change nothing.
 *
 * <p>The locks of switches are granted and released by the switches' store; here they are only
 * seen, and be neither renewed nor released.
 */
public interface LockStore {

  /**
   * Has the listener told of every change that is made through this store, once it is durable, in
   * the order of the commits, and before the call that made it returns. It must neither block nor
   * throw.
   */
  void onEvent(Consumer<LockEvent> listener);

  /**
   * Grants a lock, or answers those that are in its way. Of two at once that conflict one wins.
   *
   * <p>Refuses with {@code TooManyLocks} when nothing is in its way and as many leases are held as
   * may be. Those whose time is over count until {@link #expire} has removed them.
   */
  Attempt tryAcquire(UUID id, LockRequest request);

  /** What became of an attempt. */
  sealed interface Attempt {}

  /** The lock is held. */
  record Granted(Lease lease) implements Attempt {}

  /** Others hold what conflicts with it; at least one. */
  record Blocked(Conflicts conflicts) implements Attempt {}

  /**
   * Leases that are in somebody's way, the oldest 1000, oldest first.
   *
   * @param asOf the database's time at which they were
   */
  record Conflicts(List<Lease> leases, Instant asOf) {
    public Conflicts {
      leases = List.copyOf(leases);
    }

    public boolean isEmpty() {
      return leases.isEmpty();
    }

    /** How long until the first of them expires; empty when only switches hold them. */
    public Optional<Duration> untilFirstExpiry() {
      return leases.stream()
          .flatMap(lease -> Optional.ofNullable(lease.expiresAt()).stream())
          .min(Instant::compareTo)
          .map(first -> Duration.between(asOf, first));
    }
  }

  /** Who asks for a change to a lease, and with which token. */
  record Holder(String owner, long fencingToken) {}

  /**
   * Begins the time of a lease anew.
   *
   * <p>Refuses with {@code LockNotFound}, also when it has expired, {@code NotLockOwner}, {@code
   * StaleLockToken}.
   */
  Lease renew(UUID id, Holder holder);

  /**
   * Releases a lease, or only the part of it on these resource types; with the last one it ends.
   *
   * <p>Refuses like {@link #renew}, and with {@code InvalidFields} when it is not on all of these
   * types.
   *
   * @param resourceTypes empty for all of it
   */
  Released release(UUID id, Holder holder, Set<String> resourceTypes);

  /**
   * What a release left.
   *
   * @param freed what is no longer locked
   * @param rest what still is; null when the lease has ended
   */
  record Released(Lease before, LockName freed, @Nullable Lease rest) {}

  /**
   * Ends a lease without its holder, and keeps who did it and why.
   *
   * <p>Refuses with {@code LockNotFound}.
   */
  Ended forceRelease(UUID id, String administrator, String reason);

  /**
   * Ends leases whose time is over, 100 at most, and keeps that they ended: for 30 days, and the
   * newest 100,000.
   */
  Expiry expire();

  /**
   * How many leases are held, or were and have not been removed by {@link #expire}; any moment's.
   */
  int held();

  /**
   * What {@link #expire} did.
   *
   * @param untilNext how long until the next one expires, not positive when more have; null when
   *     there is none
   */
  record Expiry(List<Ended> ended, @Nullable Duration untilNext) {
    public Expiry {
      ended = List.copyOf(ended);
    }
  }

  /** A lease that did not end by its holder's release. */
  record Ended(Lease lease, How how, String by, String reason, Instant at) {
    /** How it ended. The names are stored. */
    public enum How {
      EXPIRED,
      FORCE_RELEASED
    }
  }

  /** The leases that a lock of that name and mode would meet. One indexed read when none. */
  Conflicts conflicts(LockName name, LockMode mode);

  /** A lease; empty when there is none of that id or it has ended. */
  Optional<Lease> find(UUID id);

  /**
   * The principal that acquired a lease, empty text where nobody was asked; empty when there is
   * none of that id or it has ended.
   */
  Optional<String> acquiredBy(UUID id);

  /**
   * At most {@code limit} leases with fencing tokens greater than that, in the order of their
   * tokens, which no two that are held have in common.
   *
   * @param after 0 for all
   */
  List<Lease> list(LockFilter filter, long after, int limit);

  /**
   * Which locks are meant; null matches everything. A type is matched also by locks on branches.
   */
  record LockFilter(
      @Nullable String branchName, @Nullable String resourceType, @Nullable String owner) {}

  /** At most {@code limit} leases that expired or were released by force, newest first. */
  List<Ended> ended(@Nullable String branchName, int limit);
}
