package io.shadowindex.server.build;

import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.index.IndexKey;
import java.util.Map;

/**
 * Which builds somebody watches.
 *
 * @param labels all of which a build has to have
 */
public record BuildScope(BuildFilter filter, Map<String, String> labels) {
  public BuildScope {
    labels = Map.copyOf(labels);
  }

  /** Whether a build belongs to it now. */
  public boolean covers(ShadowIndex build) {
    return covers(build.spec().key(), build.spec().labels()) && covers(build.state());
  }

  /** Whether a build belongs to it before or after an event. */
  public boolean covers(BuildEvent event) {
    BuildState previous = event.previous();
    return covers(event.build().key(), event.build().labels())
        && (covers(event.state()) || (previous != null && covers(previous)));
  }

  private boolean covers(BuildState state) {
    return filter.states().isEmpty() || filter.states().contains(state);
  }

  private boolean covers(IndexKey key, Map<String, String> buildLabels) {
    return (filter.branchName() == null || filter.branchName().equals(key.branchName()))
        && (filter.indexType() == null || filter.indexType() == key.indexType())
        && buildLabels.entrySet().containsAll(labels.entrySet());
  }
}
