package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.SwitchStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

/** Says of a switch what it would do, without changing anything. */
final class SwitchPreviews {

  private static final int LEARNED_FROM = 100;
  private static final int RETAINED_LIMIT = 1000;

  private final BuildStore builds;
  private final SwitchStore store;
  private final IndexLayout layout;
  private final InstantSource clock;
  private final int keepGenerations;

  SwitchPreviews(
      BuildStore builds,
      SwitchStore store,
      IndexLayout layout,
      InstantSource clock,
      int keepGenerations) {
    this.builds = builds;
    this.store = store;
    this.layout = layout;
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
    store
        .blockedNow(build)
        .ifPresent(
            blocked ->
                blockers.add(
                    "a change to build %s holds the lock on %s"
                        .formatted(blocked.holder(), blocked.resourceType())));
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
        expectedLockHeld(),
        kept,
        deleted);
  }

  private Duration expectedLockHeld() {
    List<Duration> held = builds.lockHeldLately(LEARNED_FROM).stream().sorted().toList();
    return held.isEmpty() ? Duration.ZERO : held.get(Math.max(0, held.size() * 99 / 100 - 1));
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
