package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.ShadowIndex;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One build, until it comes to rest, or with {@code follow} for as long as it may change. */
final class OneBuild implements Subject {

  private final UUID id;
  private final boolean follow;
  private @Nullable ShadowIndex snapshot;
  private long revision;
  private boolean resting;

  OneBuild(UUID id, boolean follow) {
    this.id = id;
    this.follow = follow;
  }

  UUID id() {
    return id;
  }

  @Override
  public boolean covers(BuildEvent event) {
    return event.buildId().equals(id);
  }

  @Override
  public boolean covers(ShadowIndex build) {
    return build.id().equals(id);
  }

  @Override
  public List<BuildEvent> read(BuildLog log, long after, int limit) {
    return log.ofBuildAfter(id, after, limit);
  }

  @Override
  public long beginWithSnapshots(BuildLog log) {
    BuildLog.Seen seen = log.find(id);
    snapshot = seen.builds().getFirst();
    revision = seen.newest();
    return revision;
  }

  @Override
  public void beginAfter(long after, BuildLog log) {
    ShadowIndex now = log.find(id).builds().getFirst();
    resting = log.ofBuildAfter(id, after, 1).isEmpty() && rests(now.state(), now.hasFiles());
  }

  @Override
  public Optional<WatchMessage> nextSnapshot(BuildLog log, BuildLifecycle builds) {
    ShadowIndex build = snapshot;
    if (build == null) {
      return Optional.empty();
    }
    snapshot = null;
    resting = rests(build.state(), build.hasFiles());
    return Optional.of(new WatchMessage.Snapshot(revision, builds.withNewestProgress(build)));
  }

  @Override
  public boolean marksEndOfSnapshots() {
    return false;
  }

  @Override
  public boolean tell(BuildEvent event) {
    resting = rests(event.state(), event.kind() != BuildEvent.Kind.FILES_DELETED);
    return true;
  }

  /** Events that do not change the state come after the one that did. */
  private boolean rests(BuildState state, boolean hasFiles) {
    return follow
        ? state == BuildState.CANCELLED || (state == BuildState.CLEANUP && !hasFiles)
        : !state.isLive();
  }

  @Override
  public boolean isOver() {
    return resting && snapshot == null;
  }
}
