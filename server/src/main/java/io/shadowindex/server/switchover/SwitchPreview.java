package io.shadowindex.server.switchover;

import java.time.Duration;
import java.util.List;
import java.util.UUID;

/**
 * What a switch would do.
 *
 * @param outcome what was found so far; nothing was changed
 * @param wouldSucceed whether it would go ahead as things are
 * @param blockers what besides the checks stands in its way now, one sentence each
 * @param freeDiskBytes on the volume that generations are served from
 * @param neededDiskBytes for the copy; 0 when none is made
 * @param expectedLockHeld what 99 of the last 100 switches on this server stayed below; zero before
 *     the first
 * @param kept superseded generations, the live one included, whose files would be kept
 * @param deleted those whose files would go soon after
 */
public record SwitchPreview(
    SwitchOutcome outcome,
    boolean wouldSucceed,
    List<String> blockers,
    long freeDiskBytes,
    long neededDiskBytes,
    Duration expectedLockHeld,
    List<UUID> kept,
    List<UUID> deleted) {
  public SwitchPreview {
    blockers = List.copyOf(blockers);
    kept = List.copyOf(kept);
    deleted = List.copyOf(deleted);
  }
}
