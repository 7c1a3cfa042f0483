package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.ShadowIndex;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of a switch that could be tried.
 *
 * @param kind a switch or a rollback
 * @param build as it is now: ACTIVE, still BUILT or CLEANUP (validation, or the verification of a
 *     rollback), FAILED (verification of a switch), or CLEANUP again (the check after a switch)
 * @param old the generation that was live before; null when there was none
 * @param lockHeld how long writers were kept out, twice where the check after it took the switch
 *     back; zero when the lock was not taken
 * @param verified whether the generation was found whole behind the flipped link
 * @param accessible whether the index can be opened through the live link now
 */
public record SwitchOutcome(
    SwitchJournal.Kind kind,
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

  /** The same after a check that failed and could not take the change back. */
  SwitchOutcome stays(List<String> errors, String why) {
    return new SwitchOutcome(
        kind,
        build,
        old,
        duration,
        lockHeld,
        validation.withWarning(
            "the generation stays live although the check after the switch failed: " + why),
        false,
        errors,
        accessible);
  }

  /** The same after a check that failed and took the switch back. */
  SwitchOutcome undone(
      List<String> errors, ShadowIndex now, Duration total, Duration lockHeldAgain) {
    return new SwitchOutcome(
        kind, now, old, total, lockHeld.plus(lockHeldAgain), validation, false, errors, accessible);
  }

  /** One sentence for people. */
  public String message() {
    boolean rollback = kind == SwitchJournal.Kind.ROLLBACK;
    if (success()) {
      return (rollback
              ? "Index rolled back in %dms"
              : "Index switch completed successfully in %dms")
          .formatted(duration.toMillis());
    }
    String not = rollback ? "Index not rolled back: " : "Index not switched: ";
    if (!validation.canBeForced()) {
      return not
          + (rollback
              ? "the generation's files are damaged; choose another one"
              : "the build's files are damaged; cancel it and build again");
    }
    if (build.state() == BuildState.BUILT) {
      return not + "validation failed; the build can be switched to with force_switch";
    }
    return not
        + (old == null
            ? "verification failed; the index has no live generation, as before"
            : "verification failed; the previous generation is live again");
  }
}
