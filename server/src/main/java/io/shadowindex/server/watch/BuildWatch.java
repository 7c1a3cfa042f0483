package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.ProgressBoard.Staged;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.refusal.Refusal;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * One watcher. Asked by its reader, one message at a time, so that a slow reader holds nothing up:
 * events wait in a bounded queue and, beyond it, in the log; of progress only the newest is kept.
 *
 * <p>Nothing in here blocks between its look at what is queued and the answer that there is
 * nothing: the reader then parks, and whatever waits in between, as for the database, could take
 * the permit that a wake-up has left for that. So all that is told of progress comes from the
 * board.
 *
 * <p>{@link #next} and {@link #heartbeat} are for one thread; everything else may be called by any.
 */
public final class BuildWatch implements AutoCloseable {

  private static final int QUEUE = 64;

  /** How much is read from a log of which the last page had nothing to tell. */
  private static final int LARGE_PAGE = 512;

  /** Many more changes than the board can be late with; then those it knows are forgotten. */
  private static final int AHEAD = 1000;

  private final BuildWatches owner;
  private final BuildLog log;
  private final BuildLifecycle builds;
  private final ProgressBoard board;
  private final Subject subject;
  private final Runnable wakeUp;
  private final ArrayDeque<BuildEvent> queue = new ArrayDeque<>();

  /** The builds of which there is progress to tell; never more than are under way. */
  private final LinkedHashSet<UUID> progressed = new LinkedHashSet<>();

  /** The builds whose progress came before the event that it follows: the board was faster. */
  private final Set<UUID> early = new HashSet<>();

  /** The newest change that was told of builds that the board still had as they were before. */
  private final Map<UUID, Long> ahead = new HashMap<>();

  /**
   * Whether events are missing in the queue, those after {@code missingAfter} and what it holds.
   */
  private boolean behind;

  private long missingAfter;
  private int page = QUEUE;
  private volatile boolean draining;

  /** Everything up to here has been told. */
  private long revision;

  private boolean snapshotsTold;

  BuildWatch(
      BuildWatches owner,
      BuildLog log,
      BuildLifecycle builds,
      ProgressBoard board,
      Subject subject,
      Runnable wakeUp) {
    this.owner = owner;
    this.log = log;
    this.builds = builds;
    this.board = board;
    this.subject = subject;
    this.wakeUp = wakeUp;
  }

  /** Begins with snapshots; called once, when events are offered already. */
  void begin() {
    revision = subject.beginWithSnapshots(log);
  }

  /** Begins after a revision. Refuses with {@code RevisionOutOfRange}. */
  void beginAfter(long after) {
    log.requireHas(after);
    subject.beginAfter(after, log);
    revision = after;
    snapshotsTold = true;
    synchronized (queue) {
      behind = true;
      missingAfter = after;
      queue.clear();
      board.underWay().stream()
          .filter(subject::covers)
          .map(ShadowIndex::id)
          .forEach(progressed::add);
    }
  }

  Subject subject() {
    return subject;
  }

  /** Whether there will be nothing more to tell. */
  public boolean isOver() {
    return subject.isOver();
  }

  /** Whether the server is shutting down. */
  public boolean isDraining() {
    return draining;
  }

  /** Everything up to this revision has been told. */
  public long revision() {
    return revision;
  }

  /**
   * The next message, or empty when there is none now; {@code wakeUp} is called when there may be
   * one. A heartbeat while the log is read that has nothing to tell: its revision is as far as that
   * has come.
   *
   * @throws io.shadowindex.server.refusal.RefusedException when the server is shutting down, or the
   *     log no longer has what is to be told next
   */
  public Optional<WatchMessage> next() {
    if (!snapshotsTold) {
      Optional<WatchMessage> snapshot = subject.nextSnapshot(log, builds);
      if (snapshot.isPresent()) {
        return snapshot;
      }
      snapshotsTold = true;
      if (subject.marksEndOfSnapshots()) {
        return Optional.of(heartbeat());
      }
    }
    Optional<WatchMessage> event = nextEvent();
    return event.isPresent() ? event : nextProgress();
  }

  /** Says that nothing has happened; to be called after {@link #next} had nothing to tell. */
  public WatchMessage heartbeat() {
    return new WatchMessage.Heartbeat(revision);
  }

  private Optional<WatchMessage> nextEvent() {
    while (true) {
      long tailed = owner.tailed();
      BuildEvent event;
      boolean readLog;
      synchronized (queue) {
        event = queue.poll();
        readLog = event == null && behind;
        if (readLog) {
          behind = false;
        } else if (event == null) {
          revision = Math.max(revision, tailed);
        }
      }
      if (readLog) {
        if (draining) {
          throw new Refusal.WatchDrained(revision).exception();
        }
        if (!catchUp()) {
          return Optional.of(heartbeat());
        }
      } else if (event == null) {
        if (draining) {
          throw new Refusal.WatchDrained(revision).exception();
        }
        return Optional.empty();
      } else if (event.revision() > revision) {
        revision = event.revision();
        retellProgress(event.buildId());
        noteAhead(event);
        if (subject.tell(event)) {
          return Optional.of(new WatchMessage.Happened(event));
        }
      }
    }
  }

  /** The board hears of a change after its commit: until then its progress is of the past. */
  private void noteAhead(BuildEvent event) {
    if (!event.kind().changesBuild()) {
      return;
    }
    if (isAhead(event.buildId(), event.revision())) {
      ahead.put(event.buildId(), event.revision());
    } else {
      ahead.remove(event.buildId());
    }
    if (ahead.size() > AHEAD) {
      ahead.entrySet().removeIf(told -> !isAhead(told.getKey(), told.getValue()));
    }
  }

  private boolean isAhead(UUID id, long told) {
    return board
        .newest(id)
        .or(() -> board.staging(id).map(Staged::build))
        .filter(build -> build.revision() < told)
        .isPresent();
  }

  private void retellProgress(UUID id) {
    if (early.remove(id)) {
      synchronized (queue) {
        progressed.add(id);
      }
    }
  }

  /**
   * Reads from the log what did not fit into the queue, which was empty when {@code behind} was
   * reset. What has been offered since then follows what is read here, unless there is more to read
   * first. Answers false when there is more to read, and nothing to tell up to there.
   */
  private boolean catchUp() {
    List<BuildEvent> missed = subject.read(log, Math.max(revision, missingAfter), page);
    List<BuildEvent> toTell = missed.stream().filter(subject::covers).toList();
    boolean more = missed.size() == page;
    synchronized (queue) {
      if (more) {
        behind = true;
        missingAfter = missed.getLast().revision();
        queue.clear();
      }
      toTell.reversed().forEach(queue::addFirst);
    }
    page = toTell.isEmpty() ? LARGE_PAGE : QUEUE;
    if (more && toTell.isEmpty()) {
      revision = missed.getLast().revision();
      return false;
    }
    return true;
  }

  private Optional<WatchMessage> nextProgress() {
    while (true) {
      UUID id;
      synchronized (queue) {
        if (progressed.isEmpty()) {
          return Optional.empty();
        }
        id = progressed.removeFirst();
      }
      Optional<WatchMessage> message = progress(id);
      if (message.isPresent()) {
        return message;
      }
    }
  }

  private Optional<WatchMessage> progress(UUID id) {
    Optional<ShadowIndex> building = board.newest(id);
    return building.isPresent()
        ? building.filter(this::mayTell).map(build -> new WatchMessage.Progressed(revision, build))
        : board
            .staging(id)
            .filter(staged -> mayTell(staged.build()))
            .map(staged -> new WatchMessage.Staging(revision, staged));
  }

  /** Whether a build is meant, and as it has been since the last change of it that was told. */
  private boolean mayTell(ShadowIndex build) {
    if (!subject.covers(build) || build.revision() < ahead.getOrDefault(build.id(), 0L)) {
      return false;
    }
    if (build.revision() > revision) {
      early.add(build.id());
      return false;
    }
    return true;
  }

  void offer(BuildEvent event) {
    if (!subject.covers(event)) {
      return;
    }
    synchronized (queue) {
      if (!behind && queue.size() >= QUEUE) {
        behind = true;
        missingAfter = event.revision() - 1;
      } else if (!behind) {
        queue.add(event);
      }
    }
    wakeUp.run();
  }

  /** Events after that revision are not offered any more; those that there are stand in the log. */
  void fallBehind(long after) {
    synchronized (queue) {
      if (!behind) {
        behind = true;
        missingAfter = after;
      }
    }
    wakeUp.run();
  }

  void progressed(UUID id) {
    boolean news;
    synchronized (queue) {
      news = progressed.add(id);
    }
    if (news) {
      wakeUp.run();
    }
  }

  void drain() {
    draining = true;
    wakeUp.run();
  }

  /** Ends the watch. */
  @Override
  public void close() {
    owner.remove(this);
  }
}
