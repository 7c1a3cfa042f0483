package io.shadowindex.server.grpc;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchResult;
import io.shadowindex.server.request.RecordedRequest;
import java.time.Duration;
import java.util.List;

/**
 * What came of a switch or a rollback whose caller got no answer, as far as it is still known.
 *
 * @param build as it is now
 * @param lockHeld zero when the server died before it was written down; so is the duration
 */
record Ended(
    ShadowIndex build,
    boolean success,
    String message,
    Duration duration,
    Duration lockHeld,
    List<String> validationErrors,
    List<String> verificationErrors) {

  Ended {
    validationErrors = List.copyOf(validationErrors);
    verificationErrors = List.copyOf(verificationErrors);
  }

  /** Reads it from a generation that was to become live and has been changed since. */
  static Ended of(ShadowIndex build, RecordedRequest recorded) {
    SwitchResult last = build.lastSwitch();
    if (last != null && !last.finishedAt().isBefore(recorded.recordedAt())) {
      return new Ended(
          build,
          last.success(),
          last.message(),
          last.duration(),
          last.lockHeld(),
          last.validationErrors(),
          last.verificationErrors());
    }
    boolean success = build.state() == BuildState.ACTIVE || build.state() == BuildState.CLEANUP;
    return new Ended(
        build,
        success,
        success
            ? "The generation became live; how long it took is not known, the server was restarted"
            : "The generation did not become live; the one before is",
        Duration.ZERO,
        Duration.ZERO,
        List.of(),
        build.state() == BuildState.FAILED ? List.of(build.errorMessage()) : List.of());
  }
}
