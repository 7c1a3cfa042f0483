package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildStore.IndexEntry;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.refusal.Refusal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;

/** Takes indexes out of service whose branch is merged or gone. */
public final class IndexRemoval {

  private final BuildLifecycle builds;
  private final SwitchExecutor switches;

  public IndexRemoval(BuildLifecycle builds, SwitchExecutor switches) {
    this.builds = builds;
    this.switches = switches;
  }

  /**
   * Removes an index: its live link goes, its generations become CLEANUP. Refuses with {@code
   * IndexNotFound}, {@code LockHeld} and {@code LiveNameOccupied}, and while a build of it is not
   * finished, unless it may be cancelled, with {@code IndexHasLiveBuild}.
   *
   * <p>A crash leaves the index as it was, perhaps with its build cancelled, or gone.
   *
   * @param cancelBuilds give a build up that is not finished; one that is being switched to is not
   */
  public RemovalOutcome remove(IndexKey key, boolean cancelBuilds, Duration timeout)
      throws IOException {
    var cancelled = new ArrayList<ShadowIndex>();
    IndexEntry index = builds.getIndex(key, 0);
    ShadowIndex live = index.live();
    if (live != null) {
      if (!cancelBuilds) {
        throw new Refusal.IndexHasLiveBuild(live.id(), live.state().name()).exception();
      }
      if (index.active() != null) {
        switches.refuseOccupied(index.active()); // before anything is given up for it
      }
      cancelled.add(builds.cancel(live.id(), Precondition.NONE, "the index is being deleted"));
    }
    return switches.remove(key, cancelled, timeout);
  }
}
