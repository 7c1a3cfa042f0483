package io.shadowindex.server.build;

import io.shadowindex.server.build.BuildStore.ProgressUpdate;
import io.shadowindex.server.refusal.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What workers have said of one BUILDING build under one fencing token, and what they all together
 * mean for the build.
 *
 * <p>Whoever holds the monitor keeps reports out, for as long as a transaction takes.
 */
final class WorkerReports {

  private static final int MAX_WORKERS = 1024;

  private final UUID id;
  private final long fencingToken;
  private final Map<String, WorkerPart> parts = new HashMap<>();

  /** Changed under the monitor; read by those who cannot wait for it. */
  private volatile ShadowIndex build;

  private Instant heardAt;
  private Pace pace;
  private double highest;
  private List<String> lost = List.of();

  /** The workers whose newest part is not stored yet. */
  private final Set<String> unstored = new HashSet<>();

  /** Whether anybody has reported since the server started, or since all were silent. */
  private boolean heard;

  /** Begins with what is stored; without parts nothing was reported under the build's token yet. */
  WorkerReports(ShadowIndex build, Map<String, WorkerPart> stored, Instant now) {
    this.id = build.id();
    this.fencingToken = build.fencingToken();
    stored.forEach((worker, part) -> parts.put(worker, part));
    this.build = build;
    this.highest = stored.isEmpty() ? 0 : build.progress().percent() / 100.0;
    this.heardAt = now;
    this.pace = Pace.begin(highest, stored.isEmpty() ? 0 : build.progress().recordCount(), now);
    noteLost();
  }

  long fencingToken() {
    return fencingToken;
  }

  UUID id() {
    return id;
  }

  ShadowIndex build() {
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
      pace = pace.resumed(now);
    }
    BuildProgress newest = build.progress();
    build = newer.withProgress(newest.pace() == null ? newest : newest.withPace(pace));
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
      before = WorkerPart.unknown(now);
    }
    parts.put(worker, WorkerPart.after(id, before, report, now));
    heardAt = now;
    heard = true;
    unstored.add(worker);
    build = build.withProgress(combined(now));
    return build;
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
    double fraction = whole == null ? 0 : whole.fraction();
    if (named > 0) {
      int silent = Math.max(0, build.spec().parallelWorkers() - named);
      fraction = Math.max(fraction, done / (weights + silent * weights / named));
    }
    records = Math.max(records, whole == null ? 0 : whole.recordCount());
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
    if (unstored.isEmpty()) {
      return Optional.empty();
    }
    var newest = new HashMap<String, WorkerPart>();
    unstored.forEach(worker -> newest.put(worker, parts.get(worker)));
    unstored.clear();
    return Optional.of(new ProgressUpdate(id, fencingToken, build.progress(), newest));
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
    List<String> before = lost;
    parts.replaceAll((worker, part) -> part.afterSilence(lease, now));
    noteLost();
    boolean allSilent = silence(now).compareTo(lease) > 0;
    heard &= !allSilent;
    boolean further = !before.containsAll(lost);
    if (further || (!build.stalled() && (allSilent || !lost.isEmpty()))) {
      return new BuildMark.Stalled(lost, stalledMessage(now));
    }
    return build.stalled() && heard && lost.isEmpty() ? new BuildMark.Recovered() : null;
  }

  /** A worker without an id has no name to tell. */
  private void noteLost() {
    lost =
        parts.entrySet().stream()
            .filter(entry -> !entry.getKey().isEmpty() && entry.getValue().lost())
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
    build = build.withProgress(build.progress().withLostWorkers(lost));
  }

  private String stalledMessage(Instant now) {
    return lost.isEmpty()
        ? "no worker has reported for %d s".formatted(silence(now).toSeconds())
        : "%d of %d workers are silent, the first is %s"
            .formatted(lost.size(), parts.size(), lost.getFirst());
  }
}
