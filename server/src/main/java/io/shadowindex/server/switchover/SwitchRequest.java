package io.shadowindex.server.switchover;

import io.shadowindex.server.build.ValidationCheck;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What SwitchIndex asks for.
 *
 * @param force go ahead although checks fail
 * @param checks which to make besides the one that is always made
 * @param tolerance how far count and size may be from the live generation's; null for the server's
 * @param backupCurrent keep the replaced generation's files for the full retention time
 * @param timeout how long to wait for the lock
 * @param automatic whether the build asked for it itself
 * @param revision the revision the caller last saw; null is not checked
 */
public record SwitchRequest(
    UUID buildId,
    boolean force,
    Set<ValidationCheck> checks,
    @Nullable Double tolerance,
    boolean backupCurrent,
    Duration timeout,
    boolean automatic,
    @Nullable Long revision) {

  public SwitchRequest {
    checks = Set.copyOf(checks);
  }
}
