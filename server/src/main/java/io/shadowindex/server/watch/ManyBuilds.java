package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.ShadowIndex;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * All builds of a scope, for ever. Their snapshots are read in pages, and each page is newer than
 * the one before; so events are told from the first page's revision on, without those that are in a
 * later page already.
 */
final class ManyBuilds implements Subject {

  private static final int PAGE = 100;

  private final BuildScope scope;
  private final ArrayDeque<ShadowIndex> page = new ArrayDeque<>();

  /** The revision that each page was read at, by the number of its last build. */
  private final TreeMap<Long, Long> pages = new TreeMap<>();

  private long lastSequence;
  private long newestPage;
  private boolean allRead;

  ManyBuilds(BuildScope scope) {
    this.scope = scope;
  }

  @Override
  public boolean covers(BuildEvent event) {
    return scope.covers(event);
  }

  @Override
  public boolean covers(ShadowIndex build) {
    return scope.covers(build);
  }

  @Override
  public List<BuildEvent> read(BuildLog log, long after, int limit) {
    return log.after(after, limit);
  }

  @Override
  public long beginWithSnapshots(BuildLog log) {
    return readPage(log);
  }

  @Override
  public void beginAfter(long revision, BuildLog log) {
    allRead = true;
  }

  private long readPage(BuildLog log) {
    BuildLog.Seen seen = log.list(scope, lastSequence, PAGE);
    allRead = seen.builds().size() < PAGE;
    lastSequence = allRead ? seen.newest() : seen.builds().getLast().sequence();
    newestPage = seen.newest();
    pages.put(lastSequence, newestPage);
    seen.builds().stream().filter(scope::covers).forEach(page::add);
    return newestPage;
  }

  @Override
  public Optional<WatchMessage> nextSnapshot(BuildLog log, BuildLifecycle builds) {
    while (page.isEmpty() && !allRead) {
      var _ = readPage(log);
    }
    return Optional.ofNullable(page.poll())
        .map(build -> new WatchMessage.Snapshot(0, builds.withNewestProgress(build)));
  }

  @Override
  public boolean marksEndOfSnapshots() {
    return true;
  }

  @Override
  public boolean tell(BuildEvent event) {
    if (event.revision() > newestPage) {
      pages.clear();
      return true;
    }
    Map.Entry<Long, Long> readAt = pages.ceilingEntry(event.build().sequence());
    return readAt == null || event.revision() > readAt.getValue();
  }

  @Override
  public boolean isOver() {
    return false;
  }
}
