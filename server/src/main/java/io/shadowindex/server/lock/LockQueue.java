package io.shadowindex.server.lock;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Who may try for a lock next: first come, first served among those whose requests conflict, so
 * that an EXCLUSIVE that waits is not starved by SHARED ones that came later. Only switches let
 * those pass first, within limits.
 *
 * <p>Nobody polls. A ticket is woken when something it waits for is freed, when a ticket before it
 * goes, or when the first lease in its way expires. A ticket that is created is worth a try, and
 * {@link #freed} makes it worth another one from then on, so that what is freed between an attempt
 * and the wait is not missed.
 */
public final class LockQueue {

  /** How long one who waits considerately may keep others out however short its own wait was. */
  static final Duration SHORTEST_DRAIN = Duration.ofMillis(10);

  private final ReentrantLock monitor = new ReentrantLock();
  private final Map<String, SequencedSet<Ticket>> branches = new HashMap<>();
  private boolean draining;

  /** Joins the end of the queue for a lock. */
  public Ticket join(LockName name, LockMode mode, String owner) {
    return add(new Ticket(name, mode, owner, Manner.FAIR));
  }

  /**
   * Joins the end of the queue for an EXCLUSIVE lock that can wait better than others can: SHARED
   * requests that come later pass while a lease is in its way that is older than its own wait,
   * since keeping them out would gain nothing. Then they are kept out until the last lease is gone,
   * but no longer than this one has waited itself, at least {@link #SHORTEST_DRAIN}; what is in its
   * way after that counts as old, and they pass again.
   */
  public Ticket joinConsiderately(LockName name, String owner) {
    return add(new Ticket(name, LockMode.EXCLUSIVE, owner, Manner.CONSIDERATE));
  }

  /** Waits for a lock to be free without wanting it: behind nobody, and nobody waits behind it. */
  Ticket observe(LockName name) {
    return add(new Ticket(name, LockMode.SHARED, "", Manner.OBSERVING));
  }

  private Ticket add(Ticket ticket) {
    monitor.lock();
    try {
      branches.computeIfAbsent(ticket.name.branchName(), _ -> new LinkedHashSet<>()).add(ticket);
      return ticket;
    } finally {
      monitor.unlock();
    }
  }

  /** To be called after locks on that name have become free. */
  public void freed(LockName name) {
    monitor.lock();
    try {
      for (Ticket ticket : in(name.branchName())) {
        if (ticket.waitsFor(name)) {
          ticket.worthTrying = true;
          ticket.changed.signal();
        } else if (ticket.manner == Manner.CONSIDERATE) {
          ticket.freedSinceTry = true;
        }
      }
    } finally {
      monitor.unlock();
    }
  }

  /** Ends all waits, those of switches excepted, and lets nobody try any more. */
  void drain() {
    monitor.lock();
    try {
      draining = true;
      branches.values().forEach(all -> all.forEach(ticket -> ticket.changed.signal()));
    } finally {
      monitor.unlock();
    }
  }

  boolean isDraining() {
    monitor.lock();
    try {
      return draining;
    } finally {
      monitor.unlock();
    }
  }

  /** How many wait, or try, at this moment. */
  int size() {
    monitor.lock();
    try {
      return branches.values().stream().mapToInt(Set::size).sum();
    } finally {
      monitor.unlock();
    }
  }

  private Set<Ticket> in(String branchName) {
    SequencedSet<Ticket> tickets = branches.get(branchName);
    return tickets == null ? Set.of() : tickets;
  }

  /** How a ticket treats those that come later. */
  private enum Manner {
    /** They wait. */
    FAIR,
    /** SHARED ones wait as little as can be. */
    CONSIDERATE,
    /** They do not notice it. */
    OBSERVING
  }

  /** A place in the queue, for one thread; {@link #abandon} is for any. */
  public final class Ticket implements AutoCloseable {

    private final LockName name;
    private final LockMode mode;
    private final String owner;
    private final Manner manner;
    private final long joined = System.nanoTime();
    private final Condition changed = monitor.newCondition();

    /** Only what is CONSIDERATE has locks in its way that do not overlap its name. */
    private List<LockName> inTheWay = List.of();

    private boolean worthTrying = true;

    /** Whether something was freed that may turn out to have been in the way. */
    private boolean freedSinceTry;

    private boolean abandoned;
    private long retryAt;
    private boolean retries;

    /** Whether SHARED requests that came later need not wait for it. */
    private boolean letsPass;

    /** The database's time from which on leases are not old to it; null before it met any. */
    private @Nullable Instant oldUntil;

    private long drainEnds;

    private Ticket(LockName name, LockMode mode, String owner, Manner manner) {
      this.name = name;
      this.mode = mode;
      this.owner = owner;
      this.manner = manner;
      this.letsPass = manner == Manner.CONSIDERATE;
    }

    /**
     * Waits until it is this ticket's turn and there is reason to try; false when the time was up
     * before, nobody wants to know any more, or the server stops. A first try costs no time.
     *
     * @param deadline in terms of {@link System#nanoTime}
     */
    public boolean awaitTurn(long deadline) {
      monitor.lock();
      try {
        while (!abandoned && !(draining && manner != Manner.CONSIDERATE)) {
          long now = System.nanoTime();
          boolean first = first().isEmpty();
          if (first && (worthTrying || (retries && retryAt - now <= 0))) {
            worthTrying = false;
            freedSinceTry = false;
            retries = false;
            return true;
          }
          long left = deadline - now;
          if (left <= 0) {
            return false;
          }
          changed.awaitNanos(first && retries ? Math.min(left, retryAt - now) : left);
        }
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      } finally {
        monitor.unlock();
      }
    }

    /** The try failed: these leases have to go first. */
    public void blockedBy(LockStore.Conflicts conflicts) {
      Optional<Duration> expiry = conflicts.untilFirstExpiry();
      monitor.lock();
      try {
        long now = System.nanoTime();
        retries = expiry.isPresent();
        retryAt = now + expiry.map(Duration::toNanos).orElse(0L);
        if (manner == Manner.CONSIDERATE) {
          inTheWay = conflicts.leases().stream().map(Lease::name).toList();
          worthTrying |= freedSinceTry;
          consider(conflicts, now);
        }
      } finally {
        monitor.unlock();
      }
    }

    /** Decides, from what is in its way, whether others have to wait for it now. */
    private void consider(LockStore.Conflicts conflicts, long now) {
      boolean drained = !letsPass && drainEnds - now <= 0;
      if (oldUntil == null || drained) {
        oldUntil = conflicts.asOf();
      }
      Instant newest = oldUntil;
      boolean old =
          conflicts.leases().stream().anyMatch(lease -> !lease.acquiredAt().isAfter(newest));
      if (old && !letsPass) {
        letsPass = true;
        wakeThoseBehind();
      } else if (!old && letsPass) {
        letsPass = false;
        drainEnds = now + Math.max(SHORTEST_DRAIN.toNanos(), now - joined);
      }
      if (!letsPass) {
        retryAt = retries && retryAt - drainEnds < 0 ? retryAt : drainEnds;
        retries = true;
      }
    }

    /** Who waits before it for something that conflicts; empty when it is its turn. */
    public Optional<String> ahead() {
      monitor.lock();
      try {
        return first().map(ticket -> ticket.owner);
      } finally {
        monitor.unlock();
      }
    }

    /** Ends the wait: nobody wants to know its outcome any more. */
    void abandon() {
      monitor.lock();
      try {
        abandoned = true;
        changed.signal();
      } finally {
        monitor.unlock();
      }
    }

    /** Leaves the queue. */
    @Override
    public void close() {
      monitor.lock();
      try {
        Set<Ticket> others = in(name.branchName());
        others.remove(this);
        if (others.isEmpty()) {
          branches.remove(name.branchName());
        }
        wakeThoseBehind();
      } finally {
        monitor.unlock();
      }
    }

    private void wakeThoseBehind() {
      for (Ticket other : in(name.branchName())) {
        if (conflictsWith(other)) {
          other.changed.signal();
        }
      }
    }

    /** The first of those that it has to wait for; empty when it is its turn. */
    private Optional<Ticket> first() {
      for (Ticket other : in(name.branchName())) {
        if (other == this) {
          return Optional.empty();
        }
        if (conflictsWith(other) && !(other.letsPass && mode == LockMode.SHARED)) {
          return Optional.of(other);
        }
      }
      return Optional.empty();
    }

    private boolean conflictsWith(Ticket other) {
      return manner != Manner.OBSERVING
          && other.manner != Manner.OBSERVING
          && mode.excludes(other.mode)
          && name.overlaps(other.name);
    }

    private boolean waitsFor(LockName freed) {
      return name.overlaps(freed) || inTheWay.stream().anyMatch(freed::overlaps);
    }
  }
}
