package io.shadowindex.server.build;

import io.shadowindex.server.build.BuildStore.ProgressUpdate;
import io.shadowindex.server.refusal.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What workers have said of one BUILDING build under one fencing token, and what they all together
 * mean for the build. What was stored when the server started is a floor that the combination does
 * not fall below, since the parts of before are not known any more.
 */
final class WorkerReports {

  private static final int MAX_WORKERS = 1024;

  private final UUID id;
  private final long fencingToken;
  private final Map<String, WorkerPart> parts = new HashMap<>();
  private final double floor;
  private final long floorRecords;
  private ShadowIndex build;
  private Instant heardAt;
  private Pace pace;
  private double highest;
  private List<String> lost = List.of();
  private boolean stored = true;

  /**
   * Begins with what is stored.
   *
   * @param claimed whether a claim has just set the measure back to zero
   */
  WorkerReports(ShadowIndex build, Instant now, boolean claimed) {
    this.id = build.id();
    this.fencingToken = build.fencingToken();
    this.build = build;
    this.floor = claimed ? 0 : build.progress().percent() / 100.0;
    this.floorRecords = claimed ? 0 : build.progress().recordCount();
    this.highest = floor;
    this.heardAt = now;
    this.pace = Pace.begin(floor, floorRecords, now);
  }

  long fencingToken() {
    return fencingToken;
  }

  synchronized ShadowIndex build() {
    return build;
  }

  /** Takes what the store says of the build, unless it is older than what is known. */
  synchronized void update(ShadowIndex newer, Instant now) {
    if (newer.fencingToken() != fencingToken || newer.revision() < build.revision()) {
      return;
    }
    if (build.paused() && !newer.paused()) {
      heardAt = now;
      parts.replaceAll((worker, part) -> part.heardAt(now));
    }
    build = newer.withProgress(build.progress());
  }

  /** Takes a report. Refuses what is behind an earlier one, and another token's. */
  synchronized ShadowIndex report(ProgressReport report, Instant now) {
    Long token = report.fencingToken();
    if (token != null && token != fencingToken) {
      throw new Refusal.StaleFencingToken(id, token).exception();
    }
    String worker = report.workerId();
    WorkerPart before = parts.get(worker);
    if (before == null) {
      if (parts.size() >= MAX_WORKERS) {
        throw new Refusal.TooManyWorkers(id, MAX_WORKERS).exception();
      }
      before = unknownPart(worker, now);
    }
    parts.put(worker, WorkerPart.after(id, before, report, now));
    heardAt = now;
    stored = false;
    build = build.withProgress(combined(now));
    return build;
  }

  /** Who reports for the whole build goes on from what is stored of it. */
  private WorkerPart unknownPart(String worker, Instant now) {
    return worker.isEmpty()
        ? new WorkerPart((int) Math.round(floor * 100), floor, floorRecords, 1, null, now)
        : new WorkerPart(0, 0, 0, 1, null, now);
  }

  private BuildProgress combined(Instant now) {
    double weights = 0;
    double done = 0;
    long records = 0;
    int named = 0;
    Instant doneAt = null;
    for (var entry : parts.entrySet()) {
      WorkerPart part = entry.getValue();
      if (part.doneAt() != null && (doneAt == null || part.doneAt().isAfter(doneAt))) {
        doneAt = part.doneAt();
      }
      if (!entry.getKey().isEmpty()) {
        named++;
        weights += part.weight();
        done += part.weight() * part.fraction();
        records += part.recordCount();
      }
    }
    WorkerPart whole = parts.get("");
    double fraction = Math.max(floor, whole == null ? 0 : whole.fraction());
    if (named > 0) {
      int silent = Math.max(0, build.spec().parallelWorkers() - named);
      fraction = Math.max(fraction, done / (weights + silent * weights / named));
    }
    records = Math.max(records, Math.max(floorRecords, whole == null ? 0 : whole.recordCount()));
    if (parts.size() > 1) {
      // A part that joins late makes the whole larger, not what was done less.
      fraction = Math.max(fraction, highest);
      records = Math.max(records, build.progress().recordCount());
    }
    highest = fraction;
    pace = pace.after(fraction, records, now);
    return new BuildProgress(
        (int) (fraction * 100 + 1e-9),
        records,
        doneAt == null ? null : (int) Math.max(0, Duration.between(now, doneAt).toSeconds()),
        now,
        pace,
        lost);
  }

  /** What is not stored yet. Counts as stored from here on. */
  synchronized Optional<ProgressUpdate> takeUnstored() {
    if (stored) {
      return Optional.empty();
    }
    stored = true;
    return Optional.of(new ProgressUpdate(id, fencingToken, build.progress()));
  }

  /** How long nobody has said anything; zero while the build is paused. */
  synchronized Duration silence(Instant now) {
    return build.paused() ? Duration.ZERO : Duration.between(heardAt, now);
  }

  /**
   * What has to be told of who is silent: that the build is stalled, or further workers lost, or
   * that all report again; null for nothing new.
   */
  synchronized @Nullable BuildMark silenceToTell(Duration lease, Instant now) {
    if (build.paused()) {
      return null;
    }
    List<String> silent = silentWorkers(lease, now);
    boolean allSilent = silence(now).compareTo(lease) > 0;
    boolean further = !lost.containsAll(silent);
    lost = silent;
    build = build.withProgress(build.progress().withLostWorkers(lost));
    if (further || (!build.stalled() && (allSilent || !silent.isEmpty()))) {
      return new BuildMark.Stalled(silent, stalledMessage(silent, now));
    }
    boolean recovered = !parts.isEmpty() && !allSilent && silent.isEmpty();
    return build.stalled() && recovered ? new BuildMark.Recovered() : null;
  }

  private List<String> silentWorkers(Duration lease, Instant now) {
    var silent = new ArrayList<String>();
    parts.forEach(
        (worker, part) -> {
          if (!worker.isEmpty()
              && !part.isDone()
              && Duration.between(part.heardAt(), now).compareTo(lease) > 0) {
            silent.add(worker);
          }
        });
    silent.sort(null);
    return silent;
  }

  private String stalledMessage(List<String> silent, Instant now) {
    return silent.isEmpty()
        ? "no worker has reported for %d s".formatted(silence(now).toSeconds())
        : "%d of %d workers are silent, the first is %s"
            .formatted(silent.size(), parts.size(), silent.getFirst());
  }
}
