package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All watches, and the two threads that serve them. One follows the log: commits only wake it; it
 * reads the events from the log, so watchers see commit order and only what is durable. The other
 * hands on which builds have progressed: at once after a pause, every 20 ms at most otherwise,
 * however many reports there are.
 */
public final class BuildWatches implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(BuildWatches.class);
  private static final int BATCH = 512;
  private static final Duration PROGRESS_INTERVAL = Duration.ofMillis(20);
  private static final Duration RETRY_INTERVAL = Duration.ofSeconds(1);

  private final BuildLog events;
  private final BuildLifecycle builds;
  private final ProgressBoard board;
  private final ConcurrentHashMap<UUID, Set<BuildWatch>> ofOne = new ConcurrentHashMap<>();
  private final Set<BuildWatch> ofMany = ConcurrentHashMap.newKeySet();
  private final Set<UUID> progressed = ConcurrentHashMap.newKeySet();
  private final Semaphore committed = new Semaphore(0);
  private final Thread tailer;
  private final Thread progressFanOut;
  private volatile long tailed;
  private volatile boolean draining;
  private volatile boolean closed;

  public BuildWatches(BuildLog events, BuildLifecycle builds, ProgressBoard board) {
    this.events = events;
    this.builds = builds;
    this.board = board;
    this.tailed = events.newestRevision();
    this.tailer = Thread.ofPlatform().name("log-tailer").unstarted(this::tail);
    this.progressFanOut =
        Thread.ofPlatform().name("progress-fan-out").unstarted(this::handOnProgress);
  }

  /** Starts following the log and the board. */
  public void start() {
    board.onReport(this::progressed);
    board.onChange(this::progressed); // a watch that was ahead of the board has told no progress
    tailer.start();
    progressFanOut.start();
  }

  /** To be called after each commit. */
  public void wakeUp() {
    if (committed.availablePermits() == 0) {
      committed.release();
    }
  }

  /**
   * Begins to watch a build. Refuses with {@code BuildNotFound}, {@code RevisionOutOfRange}.
   *
   * @param after the revision to continue after; null to begin with a snapshot
   * @param follow whether to go on when the build comes to rest
   * @param wakeUp called from any thread when there may be something to read; must not block
   */
  public BuildWatch watch(UUID id, @Nullable Long after, boolean follow, Runnable wakeUp) {
    return begin(new OneBuild(id, follow), after, wakeUp);
  }

  /** Begins to watch all builds of a scope; the rest as with one. */
  public BuildWatch watch(BuildScope scope, @Nullable Long after, Runnable wakeUp) {
    return begin(new ManyBuilds(scope), after, wakeUp);
  }

  private BuildWatch begin(Subject subject, @Nullable Long after, Runnable wakeUp) {
    var watch = new BuildWatch(this, events, builds, board, subject, wakeUp);
    // Registered first, read second: an event in between is in the snapshot, and skipped when it
    // comes out of the queue.
    add(watch);
    try {
      if (draining) {
        throw new Refusal.Draining().exception();
      }
      if (after == null) {
        watch.begin();
      } else {
        watch.beginAfter(after);
      }
      return watch;
    } catch (RuntimeException e) {
      watch.close();
      throw e;
    }
  }

  /** Ends all watches, each after what is already on its way to it. New ones are refused. */
  public void drain() {
    draining = true;
    forEach(BuildWatch::drain);
  }

  /** Stops following log and board; does not read them any more when it returns. */
  @Override
  public void close() {
    drain();
    closed = true;
    committed.release();
    LockSupport.unpark(tailer);
    LockSupport.unpark(progressFanOut);
    try {
      tailer.join();
      progressFanOut.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The revision up to which every event has been offered to the watches there are. */
  long tailed() {
    return tailed;
  }

  private void add(BuildWatch watch) {
    if (!(watch.subject() instanceof OneBuild one)) {
      ofMany.add(watch);
      return;
    }
    ofOne.compute(
        one.id(),
        (key, others) -> {
          Set<BuildWatch> all = others == null ? ConcurrentHashMap.newKeySet() : others;
          all.add(watch);
          return all;
        });
  }

  void remove(BuildWatch watch) {
    if (!(watch.subject() instanceof OneBuild one)) {
      ofMany.remove(watch);
      return;
    }
    ofOne.computeIfPresent(
        one.id(),
        (key, all) -> {
          all.remove(watch);
          return all.isEmpty() ? null : all;
        });
  }

  private void forEach(Consumer<BuildWatch> action) {
    ofOne.values().forEach(all -> all.forEach(action));
    ofMany.forEach(action);
  }

  private void forEachOf(UUID id, Consumer<BuildWatch> action) {
    ofOne.getOrDefault(id, Set.of()).forEach(action);
    ofMany.forEach(action);
  }

  private void tail() {
    while (!closed) {
      committed.acquireUninterruptibly();
      committed.drainPermits();
      try {
        handOnEvents();
      } catch (RefusedException e) {
        goOnAfter(e);
      } catch (RuntimeException e) {
        log.error("the log could not be read after revision {}", tailed, e);
        pause(RETRY_INTERVAL);
        committed.release();
      }
    }
  }

  /**
   * Goes on with what the log still has when it has forgotten faster than it was read. Watches find
   * out for themselves whether they miss something.
   */
  private void goOnAfter(RefusedException refused) {
    if (refused.refusal() instanceof Refusal.RevisionOutOfRange forgotten) {
      log.warn("the log has forgotten what follows revision {}", tailed);
      forEach(watch -> watch.fallBehind(forgotten.revision()));
      tailed = forgotten.oldest() - 1;
      committed.release();
    }
  }

  private void handOnEvents() {
    List<BuildEvent> batch;
    do {
      batch = events.after(tailed, BATCH);
      for (BuildEvent event : batch) {
        forEachOf(event.buildId(), watch -> watch.offer(event));
        tailed = event.revision();
      }
    } while (batch.size() == BATCH);
  }

  private void progressed(UUID id) {
    if (progressed.add(id)) {
      LockSupport.unpark(progressFanOut);
    }
  }

  private void handOnProgress() {
    while (!closed) {
      if (progressed.isEmpty()) {
        LockSupport.park(this);
        continue;
      }
      for (var all = progressed.iterator(); all.hasNext(); ) {
        UUID id = all.next();
        all.remove(); // first: what is reported from here on is for the next round
        forEachOf(id, watch -> watch.progressed(id));
      }
      pause(PROGRESS_INTERVAL);
    }
  }

  private void pause(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    long left = time.toNanos();
    while (left > 0 && !closed) {
      LockSupport.parkNanos(this, left);
      left = end - System.nanoTime();
    }
  }
}
