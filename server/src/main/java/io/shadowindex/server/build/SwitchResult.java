package io.shadowindex.server.build;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What became of the last attempt to make a generation live, kept for those who did not wait.
 *
 * @param success whether it is live since
 * @param automatic whether the build itself had asked for it
 * @param message one sentence for people
 * @param lockHeld how long writers were kept out, in microseconds; zero when the lock was not taken
 */
public record SwitchResult(
    boolean success,
    boolean automatic,
    String message,
    Duration lockHeld,
    Duration duration,
    List<String> validationErrors,
    List<String> verificationErrors,
    Instant finishedAt) {
  public SwitchResult {
    validationErrors = List.copyOf(validationErrors);
    verificationErrors = List.copyOf(verificationErrors);
  }
}
