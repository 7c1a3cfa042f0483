package io.shadowindex.server.build;

import java.time.Duration;
import java.util.Set;

/**
 * The switch that a build asks for as soon as it is complete.
 *
 * @param checks which to make besides those that are always made
 * @param backupCurrent keep the replaced generation's files for the full retention time
 * @param timeout how long to wait for the lock
 */
public record AutoSwitch(Set<ValidationCheck> checks, boolean backupCurrent, Duration timeout) {
  public AutoSwitch {
    checks = Set.copyOf(checks);
  }
}
