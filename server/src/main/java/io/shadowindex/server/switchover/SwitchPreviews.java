package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.SwitchStrategy;
import io.shadowindex.server.lock.LockStore.Conflicts;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

/** Says of a switch what it would do, without changing anything. */
final class SwitchPreviews {

  private static final int RETAINED_LIMIT = 1000;

  private final BuildStore builds;
  private final SwitchStore store;
  private final IndexLayout layout;
  private final SwitchForecast forecast;
  private final InstantSource clock;
  private final int keepGenerations;

  SwitchPreviews(
      BuildStore builds,
      SwitchStore store,
      IndexLayout layout,
      SwitchForecast forecast,
      InstantSource clock,
      int keepGenerations) {
    this.builds = builds;
    this.store = store;
    this.layout = layout;
    this.forecast = forecast;
    this.clock = clock;
    this.keepGenerations = keepGenerations;
  }

  SwitchPreview of(SwitchOutcome outcome, SwitchRequest request) throws IOException {
    ShadowIndex build = outcome.build();
    boolean copies = build.spec().switching().strategy() == SwitchStrategy.COPY_AND_REPLACE;
    long needed = copies && build.completion() != null ? build.completion().measuredSizeBytes() : 0;
    long free =
        Files.getFileStore(Files.exists(layout.serveRoot()) ? layout.serveRoot() : layout.root())
            .getUsableSpace();

    var blockers = new ArrayList<String>();
    Conflicts conflicts = store.conflicts(build);
    conflicts.leases().forEach(lease -> blockers.add(lease.describe(conflicts.asOf())));
    if (needed > free) {
      blockers.add("the copy needs %d bytes, %d are free".formatted(needed, free));
    }
    ValidationReport report = outcome.validation();
    boolean checked = report.passed() || (request.force() && report.canBeForced());
    var kept = new ArrayList<UUID>();
    var deleted = new ArrayList<UUID>();
    divide(outcome, request.backupCurrent(), kept, deleted);
    return new SwitchPreview(
        outcome,
        checked && blockers.isEmpty(),
        blockers,
        free,
        needed,
        forecast.lockHeld(),
        kept,
        deleted);
  }

  /** By the rules of retention, as if the switch had happened now. */
  private void divide(
      SwitchOutcome outcome, boolean backupCurrent, List<UUID> kept, List<UUID> deleted) {
    int backups = 0;
    ShadowIndex live = outcome.old();
    if (live != null) {
      (backupCurrent ? kept : deleted).add(live.id());
      backups += backupCurrent ? 1 : 0;
    }
    Instant now = clock.instant();
    for (ShadowIndex superseded : supersededNewestFirst(outcome)) {
      backups += superseded.backup() ? 1 : 0;
      boolean amongLast = superseded.backup() && backups <= keepGenerations;
      Instant until = superseded.times().retainUntil();
      boolean young = until == null || until.isAfter(now);
      (amongLast || young ? kept : deleted).add(superseded.id());
    }
  }

  private List<ShadowIndex> supersededNewestFirst(SwitchOutcome outcome) {
    return builds
        .findIndex(outcome.build().spec().key(), RETAINED_LIMIT)
        .map(BuildStore.IndexEntry::retained)
        .orElse(List.of())
        .stream()
        .sorted(
            Comparator.comparing(
                    (ShadowIndex build) -> build.times().switched(),
                    Comparator.nullsFirst(Comparator.naturalOrder()))
                .thenComparingLong(ShadowIndex::sequence)
                .reversed())
        .toList();
  }
}
