package io.shadowindex.server.build;

import io.shadowindex.server.build.BuildStore.ProgressUpdate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The newest progress of every BUILDING build, in memory. A report costs no I/O: it replaces the
 * one before and is stored later, together with the others.
 *
 * <p>A build is on the board while it is BUILDING. No report is taken from the moment on at which
 * the store is asked to end the attempt or to give it another token, see {@link #whileHeld}; what
 * was taken before and comes late to the store is dropped there, which compares state and token.
 */
public final class ProgressBoard {

  private final ConcurrentHashMap<UUID, WorkerReports> entries = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<UUID, Staged> staged = new ConcurrentHashMap<>();
  private final List<Consumer<UUID>> onReport = new CopyOnWriteArrayList<>();
  private final List<Consumer<UUID>> onChange = new CopyOnWriteArrayList<>();

  /**
   * How much of a build's files has been copied to where they will be served from.
   *
   * @param build as it was when the copy began, BUILT
   */
  public record Staged(ShadowIndex build, long copiedBytes, long totalBytes) {}

  /** Tells how far the copy of a build is. */
  public void staged(Staged newest) {
    UUID id = newest.build().id();
    staged.put(id, newest);
    onReport.forEach(listener -> listener.accept(id));
  }

  /** The copy of a build is over. */
  public void unstaged(UUID id) {
    staged.remove(id);
  }

  /** How far the copy of a build is; empty when none is being made. */
  public Optional<Staged> staging(UUID id) {
    return Optional.ofNullable(staged.get(id));
  }

  /** Has the listener called, on the reporting thread, after each report. It must not block. */
  public void onReport(Consumer<UUID> listener) {
    onReport.add(listener);
  }

  /**
   * Has the listener called when a build comes to the board, leaves it, or is to be worked on
   * differently. It must not block.
   */
  public void onChange(Consumer<UUID> listener) {
    onChange.add(listener);
  }

  /** A build with its newest progress; empty when it is not BUILDING. */
  public Optional<ShadowIndex> newest(UUID id) {
    return Optional.ofNullable(entries.get(id)).map(WorkerReports::build);
  }

  /** All BUILDING builds. */
  public List<ShadowIndex> underWay() {
    return entries.values().stream().map(WorkerReports::build).toList();
  }

  /**
   * Begins with a build under a new token: what is reported from now on may be lower. Changes
   * nothing where the build is on the board under a later one, whose claim was quicker.
   */
  void put(ShadowIndex build, Instant now) {
    put(build, Map.of(), now);
  }

  /** Goes on with a build of which its workers had said this. */
  void put(ShadowIndex build, Map<String, WorkerPart> stored, Instant now) {
    var entry = new WorkerReports(build, stored, now);
    entries.merge(
        build.id(),
        entry,
        (there, late) -> there.fencingToken() > late.fencingToken() ? there : late);
    changed(build.id());
  }

  /** Takes an attempt off the board, and leaves a later one of the same build on it. */
  void remove(UUID id, long fencingToken) {
    entries.computeIfPresent(
        id, (key, entry) -> entry.fencingToken() == fencingToken ? null : entry);
    changed(id);
  }

  /** Takes what the store says of a build that stays BUILDING. */
  void update(ShadowIndex build, Instant now) {
    WorkerReports entry = entries.get(build.id());
    if (entry != null) {
      entry.update(build, now);
      changed(build.id());
    }
  }

  /**
   * Carries out what may end an attempt, or give it to another worker, and takes no report of the
   * build meanwhile: what comes in waits, and finds the board as the work has left it. The work may
   * wait for the store, which never waits for the board.
   */
  <T> T whileHeld(UUID id, Supplier<T> work) {
    for (var entry = entries.get(id); entry != null; entry = entries.get(id)) {
      synchronized (entry) {
        if (entries.get(id) == entry) {
          return work.get();
        }
      }
    }
    return work.get();
  }

  private void changed(UUID id) {
    onChange.forEach(listener -> listener.accept(id));
  }

  /** Takes a report; empty when the build is not on the board. */
  Optional<ShadowIndex> report(UUID id, ProgressReport report, Instant now) {
    Optional<ShadowIndex> build = Optional.empty();
    WorkerReports entry = entries.get(id);
    while (entry != null && build.isEmpty()) {
      build = reportTo(entry, report, now);
      entry = entries.get(id);
    }
    if (build.isPresent()) {
      onReport.forEach(listener -> listener.accept(id));
    }
    return build;
  }

  /** Empty when the entry was taken off the board while this waited for it. */
  private Optional<ShadowIndex> reportTo(WorkerReports entry, ProgressReport report, Instant now) {
    synchronized (entry) {
      return entries.get(entry.id()) == entry
          ? Optional.of(entry.report(report, now))
          : Optional.empty();
    }
  }

  /** The progress that is not stored yet. Counts as stored from here on. */
  List<ProgressUpdate> takeUnstored() {
    var updates = new ArrayList<ProgressUpdate>();
    entries.values().forEach(entry -> entry.takeUnstored().ifPresent(updates::add));
    return updates;
  }

  /** The same for one build. */
  Optional<ProgressUpdate> takeUnstored(UUID id) {
    return Optional.ofNullable(entries.get(id)).flatMap(WorkerReports::takeUnstored);
  }

  /**
   * What is to be said of a build whose workers are silent.
   *
   * @param mark null when there is nothing new to tell
   */
  record Silence(ShadowIndex build, Duration duration, @Nullable BuildMark mark) {}

  /** How silent the workers of each build are. */
  List<Silence> silences(Duration lease, Instant now) {
    return entries.values().stream()
        .map(
            entry ->
                new Silence(entry.build(), entry.silence(now), entry.silenceToTell(lease, now)))
        .toList();
  }
}
