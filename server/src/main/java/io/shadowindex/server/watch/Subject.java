package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.ShadowIndex;
import java.util.List;
import java.util.Optional;

/** What one watch is about: one build, or all of a scope. For the thread that reads the watch. */
sealed interface Subject permits OneBuild, ManyBuilds {

  /** Whether an event belongs to the watch; may be called by any thread. */
  boolean covers(BuildEvent event);

  /** Whether a build's progress belongs to the watch; may be called by any thread. */
  boolean covers(ShadowIndex build);

  /** At most {@code limit} events after a revision, covered or not, but all that are. */
  List<BuildEvent> read(BuildLog log, long after, int limit);

  /** Begins the watch with snapshots and answers the revision that they were taken at. */
  long beginWithSnapshots(BuildLog log);

  /** Begins the watch after a revision that the log has. */
  void beginAfter(long revision, BuildLog log);

  /** The next snapshot; empty when all have been told. */
  Optional<WatchMessage> nextSnapshot(BuildLog log, BuildLifecycle builds);

  /** Whether a heartbeat follows the last snapshot. */
  boolean marksEndOfSnapshots();

  /** Notes that an event is told now. Answers false when a snapshot has told it already. */
  boolean tell(BuildEvent event);

  /** Whether there will be nothing more to tell. */
  boolean isOver();
}
