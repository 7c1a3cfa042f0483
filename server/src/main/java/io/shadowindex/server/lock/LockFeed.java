package io.shadowindex.server.lock;

import io.shadowindex.server.refusal.Refusal;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Hands on what happens to locks to those who watch them. Nothing is kept for those who do not: a
 * watch begins with the locks as they are.
 */
public final class LockFeed {

  private final LockStore store;
  private final Set<LockWatch> watches = ConcurrentHashMap.newKeySet();
  private volatile boolean draining;

  public LockFeed(LockStore store) {
    this.store = store;
    store.onEvent(this::publish);
  }

  /**
   * Begins to watch.
   *
   * @param branchName null for all branches
   * @param wakeUp called from any thread when there may be something to read; must not block
   */
  public LockWatch watch(@Nullable String branchName, Runnable wakeUp) {
    var watch = new LockWatch(this, store, branchName, wakeUp);
    watches.add(watch);
    if (draining) {
      watch.close();
      throw new Refusal.Draining().exception();
    }
    return watch;
  }

  /**
   * Tells those who watch, of changes in the order of their commits. Costs next to nothing when
   * nobody does.
   */
  public void publish(LockEvent event) {
    watches.forEach(watch -> watch.offer(event));
  }

  /** Ends all watches. */
  public void drain() {
    draining = true;
    watches.forEach(LockWatch::drain);
  }

  void remove(LockWatch watch) {
    watches.remove(watch);
  }
}
