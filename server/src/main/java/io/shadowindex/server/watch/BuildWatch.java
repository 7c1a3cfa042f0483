package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.StateChange;
import io.shadowindex.server.refusal.Refusal;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.UUID;

/**
 * One watcher of one build. Asked by its reader, one message at a time, so that a slow reader holds
 * nothing up: state changes wait in a bounded queue and, beyond it, in the log; of progress only
 * the newest is kept.
 *
 * <p>{@link #next} is for one thread; everything else may be called by any.
 */
public final class BuildWatch implements AutoCloseable {

  private static final int QUEUE = 64;
  private static final int READ_FROM_LOG = 64;

  private final BuildWatches owner;
  private final BuildLog log;
  private final ProgressBoard board;
  private final Runnable wakeUp;
  private final ArrayDeque<StateChange> queue = new ArrayDeque<>();
  private boolean behind;
  private boolean progressed;
  private boolean draining;

  private ShadowIndex snapshot;
  private boolean snapshotTold;
  private long revision;
  private BuildState state;

  BuildWatch(
      BuildWatches owner,
      BuildLog log,
      ProgressBoard board,
      ShadowIndex snapshot,
      Runnable wakeUp) {
    this.owner = owner;
    this.log = log;
    this.board = board;
    this.wakeUp = wakeUp;
    this.snapshot = snapshot;
    this.revision = snapshot.revision();
    this.state = snapshot.state();
  }

  UUID buildId() {
    return snapshot.id();
  }

  /** Sets the state that the watch begins with; called once, before anything is told. */
  void begin(ShadowIndex build) {
    snapshot = build;
    revision = build.revision();
    state = build.state();
  }

  /** Whether the build has come to rest and everything of it has been told. */
  public boolean isOver() {
    return snapshotTold && !state.isLive();
  }

  /**
   * The next message, or empty when there is none now; {@code wakeUp} is called when there may be
   * one.
   *
   * @throws io.shadowindex.server.refusal.RefusedException when the server is shutting down
   */
  public Optional<WatchMessage> next() {
    if (!snapshotTold) {
      snapshotTold = true;
      return Optional.of(new WatchMessage.Snapshot(snapshot));
    }
    Optional<WatchMessage> change = nextChange();
    return change.isPresent() ? change : nextProgress();
  }

  private Optional<WatchMessage> nextChange() {
    while (true) {
      StateChange change;
      boolean readLog;
      synchronized (queue) {
        change = queue.poll();
        readLog = change == null && behind;
        if (readLog) {
          behind = false;
        }
        if (change == null && !readLog && draining) {
          throw new Refusal.Draining().exception();
        }
      }
      if (readLog) {
        catchUp();
      } else if (change == null) {
        return Optional.empty();
      } else if (change.revision() > revision) {
        revision = change.revision();
        state = change.state();
        return Optional.of(new WatchMessage.Changed(change));
      }
    }
  }

  /**
   * Reads from the log what did not fit into the queue, which was empty when {@code behind} was
   * reset. What has been offered since then follows what is read here, unless there is more to read
   * first.
   */
  private void catchUp() {
    var missed = log.ofBuildAfter(buildId(), revision, READ_FROM_LOG);
    synchronized (queue) {
      if (missed.size() == READ_FROM_LOG) {
        behind = true;
        queue.clear();
      }
      missed.reversed().forEach(queue::addFirst);
    }
  }

  private Optional<WatchMessage> nextProgress() {
    synchronized (queue) {
      if (!progressed || (state != BuildState.BUILDING && state != BuildState.BUILT)) {
        return Optional.empty();
      }
      progressed = false;
    }
    if (state == BuildState.BUILT) {
      return board.staging(buildId()).map(staged -> new WatchMessage.Staging(revision, staged));
    }
    return board.newest(buildId()).map(newest -> new WatchMessage.Progressed(revision, newest));
  }

  void offer(StateChange change) {
    synchronized (queue) {
      if (behind || queue.size() >= QUEUE) {
        behind = true;
      } else {
        queue.add(change);
      }
    }
    wakeUp.run();
  }

  void progressed() {
    synchronized (queue) {
      progressed = true;
    }
    wakeUp.run();
  }

  void drain() {
    synchronized (queue) {
      draining = true;
    }
    wakeUp.run();
  }

  /** Ends the watch. */
  @Override
  public void close() {
    owner.remove(this);
  }
}
