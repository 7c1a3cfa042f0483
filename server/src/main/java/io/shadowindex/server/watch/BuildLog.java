package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.ShadowIndex;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * The port to the log of events, in commit order. Answers only what is durable.
 *
 * <p>What reads after a revision refuses with {@code RevisionOutOfRange} when the log no longer has
 * everything from after it.
 */
public interface BuildLog {

  /** The revision of the newest event; 0 when there was none yet. */
  long newestRevision();

  /** Refuses with {@code RevisionOutOfRange} when it cannot be read from after that revision. */
  void requireHas(long revision);

  /**
   * Builds as they were at one moment, and the newest revision at that moment: every event up to it
   * is in them, and none from after it.
   */
  record Seen(List<ShadowIndex> builds, long newest) {
    public Seen {
      builds = List.copyOf(builds);
    }
  }

  /** One build. Refuses with {@code BuildNotFound}. */
  Seen find(UUID buildId);

  /**
   * At most {@code limit} builds that the filter of the scope matches, whatever their labels, that
   * began after the one numbered {@code afterSequence}, oldest first.
   */
  Seen list(BuildScope scope, long afterSequence, int limit);

  /** At most {@code limit} events after that revision, oldest first. */
  List<BuildEvent> after(long revision, int limit);

  /** The same for one build. */
  List<BuildEvent> ofBuildAfter(UUID buildId, long revision, int limit);

  /**
   * Forgets the oldest events, at most about {@code limit} of them: all but the last {@code keep},
   * and those from before {@code keepSince}. Answers how many there were to forget.
   */
  int compact(long keep, Instant keepSince, int limit);
}
