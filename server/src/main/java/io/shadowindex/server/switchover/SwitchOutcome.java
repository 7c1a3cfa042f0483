package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.ShadowIndex;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of a switch that could be tried.
 *
 * @param build as it is now: ACTIVE, still BUILT (validation), or FAILED (verification)
 * @param old the generation that was live before; null when there was none
 * @param lockHeld how long writers were kept out; zero when the lock was not taken
 * @param verified whether the generation was found whole behind the flipped link
 * @param accessible whether the index can be opened through the live link now
 */
public record SwitchOutcome(
    ShadowIndex build,
    @Nullable ShadowIndex old,
    Duration duration,
    Duration lockHeld,
    ValidationReport validation,
    boolean verified,
    List<String> verificationErrors,
    boolean accessible) {

  public boolean success() {
    return build.state() == BuildState.ACTIVE;
  }
}
