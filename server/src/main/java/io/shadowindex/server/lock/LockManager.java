package io.shadowindex.server.lock;

import io.shadowindex.server.lock.LockStore.Attempt;
import io.shadowindex.server.lock.LockStore.Blocked;
import io.shadowindex.server.lock.LockStore.Conflicts;
import io.shadowindex.server.lock.LockStore.Ended;
import io.shadowindex.server.lock.LockStore.Expiry;
import io.shadowindex.server.lock.LockStore.Granted;
import io.shadowindex.server.lock.LockStore.Holder;
import io.shadowindex.server.lock.LockStore.LockFilter;
import io.shadowindex.server.lock.LockStore.Released;
import io.shadowindex.server.refusal.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Grants locks in the order in which they were asked for, and ends those whose holders are gone.
 *
 * <p>That a lock has expired needs nobody to notice: the store passes over it. The thread in here
 * clears the rows away, of which watchers are told, and wakes those who wait.
 */
public final class LockManager implements AutoCloseable {

  /** How long those who are refused are told to wait, unless a lock in their way expires sooner. */
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  /** After a failure, such as a database that is being closed. */
  private static final Duration EXPIRY_RETRY = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(LockManager.class);

  private final LockStore store;
  private final LockQueue queue;
  private final LockFeed feed;
  private final Supplier<UUID> ids;
  private final Semaphore earlier = new Semaphore(0);
  private final Thread expiry = Thread.ofPlatform().name("lock-expiry").unstarted(this::expireAll);
  private volatile long nextExpiry = Long.MAX_VALUE;
  private volatile boolean closed;

  public LockManager(LockStore store, LockQueue queue, LockFeed feed, Supplier<UUID> ids) {
    this.store = store;
    this.queue = queue;
    this.feed = feed;
    this.ids = ids;
  }

  /** Starts to watch over expiry. */
  public void start() {
    expiry.start();
  }

  /**
   * Acquires a lock, in its turn.
   *
   * <p>Refuses with {@code LockHeld} when it was not granted in time, with {@code TooManyLocks} as
   * soon as only the limit is in its way, with {@code Draining} when the server stops meanwhile. A
   * crash leaves it granted, until it expires, or not.
   */
  public Lease acquire(LockRequest request, LockWait wait) {
    UUID id = ids.get();
    Conflicts last = new Conflicts(List.of(), Instant.EPOCH);
    try (var ticket = queue.join(request.name(), request.mode(), request.owner())) {
      wait.on(ticket);
      while (ticket.awaitTurn(wait.deadline())) {
        Attempt attempt = last.isEmpty() ? store.tryAcquire(id, request) : tryAgain(id, request);
        switch (attempt) {
          case Granted(Lease lease) -> {
            watchOver(lease);
            return lease;
          }
          case Blocked(Conflicts conflicts) -> {
            last = conflicts;
            ticket.blockedBy(conflicts);
          }
        }
      }
      if (queue.isDraining()) {
        throw new Refusal.Draining().exception();
      }
      if (last.isEmpty()) { // it was never its turn
        last = store.conflicts(request.name(), request.mode());
      }
      throw held(null, request.name(), last, ticket).exception();
    }
  }

  /** Looks first: most who wait find something in their way, which a read tells for less. */
  private Attempt tryAgain(UUID id, LockRequest request) {
    Conflicts conflicts = store.conflicts(request.name(), request.mode());
    return conflicts.isEmpty() ? store.tryAcquire(id, request) : new Blocked(conflicts);
  }

  /**
   * Why a lock was not granted.
   *
   * @param buildId the build that was to be switched to; null for a lock by hand
   */
  public static Refusal.LockHeld held(
      @Nullable UUID buildId, LockName name, Conflicts conflicts, LockQueue.Ticket ticket) {
    if (conflicts.isEmpty()) {
      String ahead = ticket.ahead().orElse("somebody else");
      return new Refusal.LockHeld(
          buildId,
          null,
          name.branchName(),
          name.resourceTypes(),
          ahead,
          "%s waits for %s and came first".formatted(ahead, name),
          RETRY_AFTER);
    }
    Lease first = conflicts.leases().getFirst();
    Duration patience = first.ofSwitch() ? Duration.ofMillis(50) : RETRY_AFTER;
    return new Refusal.LockHeld(
        buildId,
        first.id(),
        name.branchName(),
        first.name().resourceTypes(),
        first.owner(),
        first.describe(conflicts.asOf()),
        conflicts.untilFirstExpiry().filter(left -> left.compareTo(patience) < 0).orElse(patience));
  }

  /**
   * Begins the time of a lock anew.
   *
   * <p>Refuses with {@code LockNotFound}, {@code NotLockOwner}, {@code StaleLockToken}.
   */
  public Lease renew(UUID id, Holder holder) {
    return store.renew(id, holder);
  }

  /** Releases a lock or a part of it, as {@link LockStore#release}. */
  public Released release(UUID id, Holder holder, Set<String> resourceTypes) {
    Released released = store.release(id, holder, resourceTypes);
    queue.freed(released.freed());
    return released;
  }

  /** Ends a lock for an administrator, as {@link LockStore#forceRelease}. */
  public Ended forceRelease(UUID id, String administrator, String reason) {
    Ended ended = store.forceRelease(id, administrator, reason);
    log.warn(
        "{} released lock {} of {} on {} by force: {}",
        administrator,
        id,
        ended.lease().owner(),
        ended.lease().name(),
        reason);
    queue.freed(ended.lease().name());
    return ended;
  }

  /** A lock that is held; refuses with {@code LockNotFound} otherwise. */
  public Lease get(UUID id) {
    return find(id).orElseThrow(() -> new Refusal.LockNotFound(id).exception());
  }

  /** A lock; empty when there is none of that id or it has ended. */
  public Optional<Lease> find(UUID id) {
    return store.find(id);
  }

  /** At most {@code limit} locks, as {@link LockStore#list}. */
  public List<Lease> list(LockFilter filter, long after, int limit) {
    return store.list(filter, after, limit);
  }

  /** At most {@code limit} locks that expired or were released by force, newest first. */
  public List<Ended> ended(@Nullable String branchName, int limit) {
    return store.ended(branchName, limit);
  }

  /** Ends waits and watches, so that a server that stops need not wait for them. */
  public void drain() {
    queue.drain();
    feed.drain();
  }

  /** Ends the wait for expiries; those after that are noticed by the next start. */
  @Override
  public void close() {
    closed = true;
    earlier.release();
    try {
      expiry.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void watchOver(Lease lease) {
    long expires = System.nanoTime() + lease.request().lifetime().toNanos();
    if (nextExpiry == Long.MAX_VALUE || expires - nextExpiry < 0) {
      earlier.release();
    }
  }

  private void expireAll() {
    while (!closed) {
      nextExpiry = Long.MAX_VALUE; // whatever is granted from here on asks for another round
      Duration pause = expireNow();
      nextExpiry = pause == null ? Long.MAX_VALUE : System.nanoTime() + pause.toNanos();
      try {
        boolean asked =
            pause == null
                ? acquire(earlier)
                : earlier.tryAcquire(Math.max(1, pause.toNanos()), TimeUnit.NANOSECONDS);
        if (asked) {
          earlier.drainPermits();
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static boolean acquire(Semaphore semaphore) throws InterruptedException {
    semaphore.acquire();
    return true;
  }

  /** Ends what has expired; answers how long until the next one does, null when there is none. */
  @Nullable Duration expireNow() {
    try {
      Expiry expired = store.expire();
      for (Ended ended : expired.ended()) {
        Lease lease = ended.lease();
        log.info("lock {} of {} on {} expired", lease.id(), lease.owner(), lease.name());
        queue.freed(lease.name());
      }
      return expired.untilNext();
    } catch (RuntimeException e) {
      if (!closed) {
        log.error("locks that expired could not be removed; nobody waits for them", e);
      }
      return EXPIRY_RETRY;
    }
  }
}
