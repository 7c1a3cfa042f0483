package io.shadowindex.client.cli;

import com.google.protobuf.Message;
import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildResponse.Notice;
import io.shadowindex.v1.WatchBuildsResponse;
import io.shadowindex.v1.WatchLocksResponse;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** All builds and locks as they are now. For one thread. */
final class TopBoard {
  /** Three heartbeats. */
  private static final Duration STALE_AFTER = Duration.ofSeconds(3);

  private final Map<String, Build> builds = new LinkedHashMap<>();
  private final Map<String, Lock> locks = new LinkedHashMap<>();
  private boolean allBuilds;
  private boolean allLocks;
  private long lastToldNanos = System.nanoTime();

  /**
   * A build.
   *
   * @param index its branch, type and name
   * @param note what else is to be said of it; may be empty
   */
  record Build(String id, String index, State state, BuildProgress progress, String note) {
    Build in(State next, String why) {
      return new Build(id, index, next, progress, why);
    }

    Build at(BuildProgress now) {
      return new Build(id, index, state, now, note);
    }

    Build noted(String words) {
      return new Build(id, index, state, progress, words);
    }
  }

  /** Those being worked on first. */
  List<Build> builds() {
    return builds.values().stream()
        .sorted(Comparator.comparing(Build::state).thenComparing(Build::index))
        .toList();
  }

  List<Lock> locks() {
    return List.copyOf(locks.values());
  }

  /** True once everything that was there at the start has been told. */
  boolean isWhole() {
    return allBuilds && allLocks;
  }

  /** True when not even a heartbeat has come for a while, so that this may be of the past. */
  boolean isStale() {
    return System.nanoTime() - lastToldNanos > STALE_AFTER.toNanos();
  }

  /**
   * Takes in what comes in that time; the first whole picture at once.
   *
   * @param listener told of each message
   * @return whether anything changed
   * @throws ShadowIndexException when a watch is over
   */
  boolean take(TopFeed feed, Duration time, Consumer<Message> listener)
      throws InterruptedException {
    boolean changed = false;
    boolean whole = isWhole();
    long end = System.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
      TopFeed.News news = feed.poll(Duration.ofNanos(left));
      changed |= news != null && take(news, listener);
      if (isWhole() != whole) {
        break;
      }
    }
    return changed;
  }

  private boolean take(TopFeed.News news, Consumer<Message> listener) {
    return switch (news) {
      case TopFeed.OfBuild told -> {
        lastToldNanos = System.nanoTime();
        listener.accept(told.message());
        yield take(told.message());
      }
      case TopFeed.OfLocks told -> {
        listener.accept(told.message());
        take(told.message());
        yield true;
      }
      case TopFeed.Lost lost -> throw lost.failure();
    };
  }

  private boolean take(WatchBuildsResponse told) {
    if (told.getEvent().hasHeartbeat()) {
      allBuilds = true;
      return false;
    }
    String id = told.getShadowIndexId();
    Build before =
        builds.getOrDefault(
            id,
            new Build(
                id,
                told.getBranchName() + " " + told.getIndexType() + " " + told.getIndexName(),
                State.PREPARING,
                BuildProgress.getDefaultInstance(),
                ""));
    Build after = after(before, told.getEvent());
    if (after.state == State.CLEANUP || after.state == State.CANCELLED) {
      builds.remove(id);
    } else {
      builds.put(id, after);
    }
    return true;
  }

  private static Build after(Build before, WatchBuildResponse event) {
    return switch (event.getEventCase()) {
      case SNAPSHOT -> {
        ShadowIndex build = event.getSnapshot();
        String note = build.getPaused() ? "paused" : build.getStalled() ? "stalled" : "";
        yield before
            .in(build.getState(), note.isEmpty() ? build.getErrorMessage() : note)
            .at(BuildFollower.progress(build));
      }
      case STATE_CHANGE -> {
        State state = event.getStateChange().getState();
        String why = state == State.FAILED ? event.getStateChange().getMessage() : "";
        yield before.in(state, why);
      }
      case PROGRESS -> before.at(event.getProgress());
      case STAGING -> before.noted("copying, " + event.getStaging().getPercent() + " %");
      case SWITCH_STEP -> before.noted(Words.lower(event.getSwitchStep().getStep().name()));
      case NOTICE -> noted(before, event.getNotice());
      case HEARTBEAT, EVENT_NOT_SET -> before;
    };
  }

  private static Build noted(Build before, Notice notice) {
    return switch (notice.getKind()) {
      case STALLED, PAUSED -> before.noted(Words.lower(notice.getKind().name()));
      case RECOVERED, RESUMED, CLAIMED, READY_FOR_SWITCH -> before.noted("");
      case AUTO_SWITCH_RESULT -> before.noted(notice.getMessage());
      case FILES_DELETED, KIND_UNSPECIFIED, UNRECOGNIZED -> before;
    };
  }

  private void take(WatchLocksResponse told) {
    if (told.hasSnapshot()) {
      allLocks |= !told.getSnapshot().getIncomplete();
      if (!told.getSnapshot().getContinued()) {
        locks.clear();
      }
      told.getSnapshot().getLocksList().forEach(lock -> locks.put(lock.getLockId(), lock));
      return;
    }
    Lock lock = told.getEvent().getLock();
    switch (told.getEvent().getKind()) {
      case ACQUIRED, RENEWED, PARTLY_RELEASED -> locks.put(lock.getLockId(), lock);
      case RELEASED, EXPIRED, FORCE_RELEASED -> locks.remove(lock.getLockId());
      case KIND_UNSPECIFIED, UNRECOGNIZED -> {} // from a server newer than this client
    }
  }
}
