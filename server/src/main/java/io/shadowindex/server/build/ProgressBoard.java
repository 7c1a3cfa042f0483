package io.shadowindex.server.build;

import io.shadowindex.server.build.BuildStore.ProgressUpdate;
import io.shadowindex.server.refusal.Refusal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The newest progress of every BUILDING build, in memory. A report costs no I/O: it replaces the
 * one before and is stored later, together with the others.
 *
 * <p>A build is on the board while it is BUILDING. A report that finds its build on the board
 * although it has just left that state is dropped by the store, which compares the state and the
 * token.
 */
public final class ProgressBoard {

  private final ConcurrentHashMap<UUID, Entry> entries = new ConcurrentHashMap<>();
  private final List<Consumer<UUID>> listeners = new CopyOnWriteArrayList<>();

  private record Entry(ShadowIndex build, boolean stored) {}

  /** A report; null leaves a value as it is. */
  public record Report(
      int percent,
      @Nullable Long recordCount,
      @Nullable Integer estimatedCompletionSeconds,
      @Nullable Long fencingToken) {}

  /** How much of a build's files has been copied to where they will be served from. */
  public record Staged(long copiedBytes, long totalBytes) {}

  private final ConcurrentHashMap<UUID, Staged> staged = new ConcurrentHashMap<>();

  /** Tells how far the copy of a build is. */
  public void staged(UUID id, Staged newest) {
    staged.put(id, newest);
    listeners.forEach(listener -> listener.accept(id));
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
    listeners.add(listener);
  }

  /** A build with its newest progress; empty when it is not BUILDING. */
  public Optional<ShadowIndex> newest(UUID id) {
    return Optional.ofNullable(entries.get(id)).map(Entry::build);
  }

  void put(ShadowIndex build) {
    entries.put(build.id(), new Entry(build, true));
  }

  /** Takes an attempt off the board, and leaves a later one of the same build on it. */
  void remove(UUID id, long fencingToken) {
    entries.computeIfPresent(
        id, (key, entry) -> entry.build().fencingToken() == fencingToken ? null : entry);
  }

  /** Takes a report; empty when the build is not on the board. */
  Optional<ShadowIndex> report(UUID id, Report report, Instant now) {
    Entry entry =
        entries.computeIfPresent(
            id, (key, known) -> new Entry(advance(known.build(), report, now), false));
    if (entry == null) {
      return Optional.empty();
    }
    listeners.forEach(listener -> listener.accept(id));
    return Optional.of(entry.build());
  }

  private static ShadowIndex advance(ShadowIndex known, Report report, Instant now) {
    UUID id = known.id();
    Long token = report.fencingToken();
    if (token != null && token != known.fencingToken()) {
      throw new Refusal.StaleFencingToken(id, token).exception();
    }
    BuildProgress before = known.progress();
    if (report.percent() < before.percent()) {
      throw new Refusal.ProgressBackwards(
              id, "progress_percent", before.percent(), report.percent())
          .exception();
    }
    Long reportedCount = report.recordCount();
    long recordCount = reportedCount == null ? before.recordCount() : reportedCount;
    if (recordCount < before.recordCount()) {
      throw new Refusal.ProgressBackwards(id, "record_count", before.recordCount(), recordCount)
          .exception();
    }
    var after =
        new BuildProgress(report.percent(), recordCount, report.estimatedCompletionSeconds(), now);
    return known.withProgress(after);
  }

  /** The progress that is not stored yet. Counts as stored from here on. */
  List<ProgressUpdate> takeUnstored() {
    var updates = new ArrayList<ProgressUpdate>();
    for (UUID id : entries.keySet()) {
      takeUnstored(id).ifPresent(updates::add);
    }
    return updates;
  }

  /** The same for one build. */
  Optional<ProgressUpdate> takeUnstored(UUID id) {
    var taken = new ProgressUpdate[1];
    entries.computeIfPresent(
        id,
        (key, entry) -> {
          if (entry.stored()) {
            return entry;
          }
          taken[0] = new ProgressUpdate(id, entry.build().fencingToken(), entry.build().progress());
          return new Entry(entry.build(), true);
        });
    return Optional.ofNullable(taken[0]);
  }
}
