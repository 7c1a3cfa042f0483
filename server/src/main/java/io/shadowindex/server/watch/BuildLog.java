package io.shadowindex.server.watch;

import io.shadowindex.server.build.StateChange;
import java.util.List;
import java.util.UUID;

/** The port to the log of state changes, in commit order. Answers only what is durable. */
public interface BuildLog {

  /** The revision of the newest event; 0 when there is none. */
  long newestRevision();

  /** At most {@code limit} events after that revision, oldest first. */
  List<StateChange> after(long revision, int limit);

  /** The same for one build. */
  List<StateChange> ofBuildAfter(UUID buildId, long revision, int limit);
}
