package io.shadowindex.server.switchover;

import io.shadowindex.server.build.ShadowIndex;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of the removal of an index.
 *
 * @param removed the generation that was live, as it is now; null when none was
 * @param cancelled the builds that were given up for it
 * @param lockHeld how long writers were kept out; zero when nothing was live
 */
public record RemovalOutcome(
    @Nullable ShadowIndex removed, List<ShadowIndex> cancelled, Duration lockHeld) {
  public RemovalOutcome {
    cancelled = List.copyOf(cancelled);
  }
}
