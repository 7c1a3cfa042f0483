package io.shadowindex.server.lock;

import io.shadowindex.server.refusal.Refusal;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One watcher of locks: the locks as they are, then what happens to them. A reader that falls more
 * than a queue's length behind gets the locks as they are once more instead of what it missed, so
 * nothing grows behind it.
 *
 * <p>{@link #next} is for one thread; everything else may be called by any.
 */
public final class LockWatch implements AutoCloseable {

  /** More than happen while a snapshot in many parts is told; what is queued, all watches share. */
  static final int QUEUE = 4096;

  /** So many of the longest locks fit into the 4 MiB that clients accept at once. */
  private static final int PAGE = 200;

  private final LockFeed owner;
  private final LockStore store;
  private final @Nullable String branchName;
  private final Runnable wakeUp;
  private final ArrayDeque<LockEvent> queue = new ArrayDeque<>();
  private boolean behind = true;
  private boolean draining;

  /** The fencing token up to which the locks have been told; 0 where none has to be continued. */
  private long told;

  LockWatch(LockFeed owner, LockStore store, @Nullable String branchName, Runnable wakeUp) {
    this.owner = owner;
    this.store = store;
    this.branchName = branchName;
    this.wakeUp = wakeUp;
  }

  /** What a watcher is told. */
  public sealed interface Message {}

  /**
   * The locks as they are, or some of them. What is told next may already be in it.
   *
   * @param continued whether it goes on with the one before
   * @param incomplete whether the next one goes on with it
   */
  public record Snapshot(List<Lease> leases, boolean continued, boolean incomplete)
      implements Message {
    public Snapshot {
      leases = List.copyOf(leases);
    }
  }

  /** What happened to one of them. */
  public record Happened(LockEvent event) implements Message {}

  /**
   * The next message, or empty when there is none now.
   *
   * @throws io.shadowindex.server.refusal.RefusedException when the server is shutting down
   */
  public Optional<Message> next() {
    if (told > 0) {
      return Optional.of(nextOfSnapshot());
    }
    synchronized (queue) {
      if (!behind) {
        LockEvent event = queue.poll();
        if (event != null) {
          return Optional.of(new Happened(event));
        }
        if (draining) {
          throw new Refusal.Draining().exception();
        }
        return Optional.empty();
      }
      behind = false;
      queue.clear();
    }
    return Optional.of(nextOfSnapshot());
  }

  /**
   * Pages are of different moments, but what has happened since the first one is told after the
   * last one; and who falls behind meanwhile gets the whole snapshot, then another.
   */
  private Snapshot nextOfSnapshot() {
    List<Lease> leases =
        store.list(new LockStore.LockFilter(branchName, null, null), told, PAGE + 1);
    boolean continued = told > 0;
    boolean incomplete = leases.size() > PAGE;
    told = incomplete ? leases.get(PAGE - 1).fencingToken() : 0;
    return new Snapshot(incomplete ? leases.subList(0, PAGE) : leases, continued, incomplete);
  }

  void offer(LockEvent event) {
    if (branchName != null && !branchName.equals(event.lease().name().branchName())) {
      return;
    }
    synchronized (queue) {
      if (behind || queue.size() >= QUEUE) {
        behind = true;
      } else {
        queue.add(event);
      }
    }
    wakeUp.run();
  }

  void drain() {
    synchronized (queue) {
      draining = true;
    }
    wakeUp.run();
  }

  /** Whether it ends as soon as there is nothing more to tell. */
  public boolean isDraining() {
    synchronized (queue) {
      return draining;
    }
  }

  /** Ends the watch. */
  @Override
  public void close() {
    owner.remove(this);
  }
}
