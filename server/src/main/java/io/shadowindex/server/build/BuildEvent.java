package io.shadowindex.server.build;

import io.shadowindex.server.index.IndexKey;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One event of the log.
 *
 * @param revision its number: commit-ordered, gapless, never reused
 * @param previous the state before; null for the event that began the build
 * @param state the state after; the same as before unless the event is a change of state
 * @param message one sentence for people; may be empty
 * @param workers the workers it is about; empty unless {@link Kind#STALLED}
 */
public record BuildEvent(
    long revision,
    Build build,
    Kind kind,
    @Nullable BuildState previous,
    BuildState state,
    int attempt,
    String message,
    List<String> workers,
    Instant occurredAt) {

  public BuildEvent {
    workers = List.copyOf(workers);
  }

  /** The build that an event is about, as far as it never changes; see {@link ShadowIndex}. */
  public record Build(UUID id, long sequence, IndexKey key, Map<String, String> labels) {
    public Build {
      labels = Map.copyOf(labels);
    }

    static Build of(ShadowIndex build) {
      return new Build(build.id(), build.sequence(), build.spec().key(), build.spec().labels());
    }
  }

  /** The build that it is about. */
  public UUID buildId() {
    return build.id();
  }

  /** Whether the build changed its state. */
  public boolean isStateChange() {
    return kind == Kind.STATE_CHANGED;
  }

  /** What an event tells. The names are stored. */
  public enum Kind {
    /** The state changed. */
    STATE_CHANGED(true),
    /** The checks of a switch begin. */
    SWITCH_VALIDATING(false),
    /** Everything that a switch prepares without the lock is there. */
    SWITCH_STAGED(false),
    /** A switch holds the lock. */
    SWITCH_LOCKED(false),
    /** The live link leads to the build. */
    SWITCH_FLIPPED(false),
    /** It was found whole behind the link. */
    SWITCH_VERIFIED(false),
    /** It is live and the lock released. */
    SWITCH_COMMITTED(false),
    /** What was live before is live again, the lock released. */
    SWITCH_ROLLED_BACK(false),
    /** A switch ended before the flip, the lock released. */
    SWITCH_ABORTED(false),
    /** A switch was not tried. */
    SWITCH_REFUSED(false),
    /** A worker has been silent for longer than its lease. */
    STALLED(false),
    /** All workers report again. */
    RECOVERED(false),
    /** Workers are to pause. */
    PAUSED(true),
    /** Workers are to go on. */
    RESUMED(true),
    /** The build has a new fencing token. */
    CLAIMED(true),
    /** The build may be switched to. */
    READY_FOR_SWITCH(false),
    /** What became of the automatic switch. */
    AUTO_SWITCH_RESULT(true),
    /** The files are going. */
    FILES_DELETED(false);

    private final boolean changesBuild;

    Kind(boolean changesBuild) {
      this.changesBuild = changesBuild;
    }

    /** Whether the build has the event's revision from then on, and so another etag. */
    public boolean changesBuild() {
      return changesBuild;
    }
  }
}
