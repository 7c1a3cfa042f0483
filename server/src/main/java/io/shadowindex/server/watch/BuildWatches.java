package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.StateChange;
import io.shadowindex.server.refusal.Refusal;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All watches, and the one thread that follows the log for them. Commits only wake it; it reads the
 * events from the log, so watchers see commit order and only what is durable.
 */
public final class BuildWatches implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(BuildWatches.class);
  private static final int BATCH = 512;

  private final BuildLog events;
  private final BuildLifecycle builds;
  private final ProgressBoard board;
  private final ConcurrentHashMap<UUID, Set<BuildWatch>> watches = new ConcurrentHashMap<>();
  private final Semaphore committed = new Semaphore(0);
  private final Thread tailer;
  private volatile boolean draining;
  private volatile boolean closed;

  public BuildWatches(BuildLog events, BuildLifecycle builds, ProgressBoard board) {
    this.events = events;
    this.builds = builds;
    this.board = board;
    long newest = events.newestRevision();
    this.tailer = Thread.ofPlatform().name("log-tailer").unstarted(() -> tail(newest));
  }

  /** Starts following the log. */
  public void start() {
    board.onReport(id -> watches.getOrDefault(id, Set.of()).forEach(BuildWatch::progressed));
    tailer.start();
  }

  /** To be called after each commit. */
  public void wakeUp() {
    if (committed.availablePermits() == 0) {
      committed.release();
    }
  }

  /**
   * Begins to watch a build.
   *
   * @param wakeUp called from any thread when there may be something to read; must not block
   */
  public BuildWatch watch(UUID id, Runnable wakeUp) {
    var watch = new BuildWatch(this, events, board, builds.get(id), wakeUp);
    watches.compute(
        id,
        (key, others) -> {
          Set<BuildWatch> all = others == null ? ConcurrentHashMap.newKeySet() : others;
          all.add(watch);
          return all;
        });
    if (draining) {
      watch.close();
      throw new Refusal.Draining().exception();
    }
    // Registered first, read second: an event in between is in the snapshot and skipped in the
    // queue.
    watch.begin(builds.get(id));
    return watch;
  }

  /** Ends all watches, each after what is already on its way to it. New ones are refused. */
  public void drain() {
    draining = true;
    watches.values().forEach(all -> all.forEach(BuildWatch::drain));
  }

  /** Stops following the log; does not read it any more when it returns. */
  @Override
  public void close() {
    drain();
    closed = true;
    committed.release();
    try {
      tailer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void remove(BuildWatch watch) {
    watches.computeIfPresent(
        watch.buildId(),
        (key, all) -> {
          all.remove(watch);
          return all.isEmpty() ? null : all;
        });
  }

  private void tail(long newest) {
    long last = newest;
    while (!closed) {
      committed.acquireUninterruptibly();
      committed.drainPermits();
      try {
        last = handOn(last);
      } catch (RuntimeException e) {
        log.error("the log could not be read after revision {}", last, e);
      }
    }
  }

  private long handOn(long after) {
    long last = after;
    List<StateChange> batch;
    do {
      batch = events.after(last, BATCH);
      for (StateChange change : batch) {
        watches.getOrDefault(change.buildId(), Set.of()).forEach(watch -> watch.offer(change));
        last = change.revision();
      }
    } while (batch.size() == BATCH);
    return last;
  }
}
