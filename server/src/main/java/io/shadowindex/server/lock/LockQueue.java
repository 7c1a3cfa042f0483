package io.shadowindex.server.lock;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who may try for a lock next: first come, first served among those whose requests conflict, so
 * that an EXCLUSIVE that waits is not starved by SHARED ones that came later.
 *
 * <p>Nobody polls. A ticket is woken when something it waits for is freed, when a ticket before it
 * goes, or when the first lease in its way expires. A ticket that is created is worth a try, and
 * {@link #freed} makes it worth another one from then on, so that what is freed between an attempt
 * and the wait is not missed.
 */
public final class LockQueue {

  private final ReentrantLock monitor = new ReentrantLock();
  private final Map<String, SequencedSet<Ticket>> branches = new HashMap<>();

  /** Joins the end of the queue for a lock. */
  public Ticket join(LockName name, LockMode mode, String owner) {
    return add(new Ticket(name, mode, owner, false));
  }

  /** Waits for a lock to be free without wanting it: behind nobody, and nobody waits behind it. */
  Ticket observe(LockName name) {
    return add(new Ticket(name, LockMode.SHARED, "", true));
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
        ticket.freedSinceTry = true;
        if (ticket.waitsFor(name)) {
          ticket.worthTrying = true;
          ticket.changed.signal();
        }
      }
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

  /** A place in the queue, for one thread; {@link #abandon} is for any. */
  public final class Ticket implements AutoCloseable {

    private final LockName name;
    private final LockMode mode;
    private final String owner;
    private final boolean observer;
    private final Condition changed = monitor.newCondition();
    private List<LockName> inTheWay = List.of();
    private boolean worthTrying = true;
    private boolean freedSinceTry;
    private boolean abandoned;
    private long retryAt;
    private boolean retries;

    private Ticket(LockName name, LockMode mode, String owner, boolean observer) {
      this.name = name;
      this.mode = mode;
      this.owner = owner;
      this.observer = observer;
    }

    /**
     * Waits until it is this ticket's turn and there is reason to try; false when the time was up
     * before, or nobody wants to know any more. A first try costs no time.
     *
     * @param deadline in terms of {@link System#nanoTime}
     */
    public boolean awaitTurn(long deadline) {
      monitor.lock();
      try {
        while (!abandoned) {
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
        var names = new ArrayList<LockName>();
        conflicts.leases().forEach(lease -> names.add(lease.name()));
        inTheWay = names;
        worthTrying |= freedSinceTry;
        retries = expiry.isPresent();
        retryAt = System.nanoTime() + expiry.map(Duration::toNanos).orElse(0L);
      } finally {
        monitor.unlock();
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
        for (Ticket other : others) {
          if (conflictsWith(other)) {
            other.changed.signal();
          }
        }
      } finally {
        monitor.unlock();
      }
    }

    private Optional<Ticket> first() {
      if (observer) {
        return Optional.empty();
      }
      for (Ticket other : in(name.branchName())) {
        if (other == this) {
          return Optional.empty();
        }
        if (conflictsWith(other)) {
          return Optional.of(other);
        }
      }
      return Optional.empty();
    }

    private boolean conflictsWith(Ticket other) {
      return !observer && !other.observer && mode.excludes(other.mode) && name.overlaps(other.name);
    }

    private boolean waitsFor(LockName freed) {
      return name.overlaps(freed) || inTheWay.stream().anyMatch(freed::overlaps);
    }
  }
}
