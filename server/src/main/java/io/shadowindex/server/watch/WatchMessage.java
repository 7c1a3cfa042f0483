package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.ProgressBoard.Staged;
import io.shadowindex.server.build.ShadowIndex;

/** What a watcher is told, and the revision up to which it has been told everything then. */
public sealed interface WatchMessage {

  /** The revision to resume with; 0 while there is none. */
  long revision();

  /** A build as it was when the watch began. */
  record Snapshot(long revision, ShadowIndex build) implements WatchMessage {}

  /** An event after the snapshot. */
  record Happened(BuildEvent event) implements WatchMessage {
    @Override
    public long revision() {
      return event.revision();
    }
  }

  /** How far the copy to the serving volume is. */
  record Staging(long revision, Staged staged) implements WatchMessage {}

  /** The newest progress. */
  record Progressed(long revision, ShadowIndex build) implements WatchMessage {}

  /** Nothing has happened. */
  record Heartbeat(long revision) implements WatchMessage {}
}
