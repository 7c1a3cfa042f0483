package io.shadowindex.server.switchover;

import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What SwitchIndex asks for.
 *
 * @param force go ahead although checks fail
 * @param checks which to make besides the one that is always made
 * @param backupCurrent keep the replaced generation's files for the full retention time
 * @param timeout how long to wait for the lock
 * @param revision the revision the caller last saw; null is not checked
 */
public record SwitchRequest(
    UUID buildId,
    boolean force,
    Set<ValidationCheck> checks,
    boolean backupCurrent,
    Duration timeout,
    @Nullable Long revision) {

  public SwitchRequest {
    checks = Set.copyOf(checks);
  }
}
