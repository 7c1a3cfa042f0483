package io.shadowindex.server.watch;

import io.shadowindex.server.build.ProgressBoard.Staged;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.StateChange;

/** What a watcher is told. */
public sealed interface WatchMessage {

  /** The build as it was when the watch began; the first message, and only that. */
  record Snapshot(ShadowIndex build) implements WatchMessage {}

  /** A change of state after the snapshot. */
  record Changed(StateChange change) implements WatchMessage {}

  /**
   * How far the copy to the serving volume is.
   *
   * @param revision of the newest event already told
   */
  record Staging(long revision, Staged staged) implements WatchMessage {}

  /**
   * The newest progress.
   *
   * @param revision of the newest event already told
   */
  record Progressed(long revision, ShadowIndex build) implements WatchMessage {}
}
