package io.shadowindex.server.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.build.BuildChange;
import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildMark;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.Lifecycle;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.RetentionSweeper;
import io.shadowindex.server.build.SwitchPolicy;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.storage.StateStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checks what watchers have recorded across cut connections and restarts: {@code
 * -Dshadowindex.events}, {@code -Dshadowindex.cuts}, a tenth of which are restarts.
 */
final class HistoryTest {

  private static final int EVENTS = Integer.getInteger("shadowindex.events", 3_000);
  private static final int CUTS = Integer.getInteger("shadowindex.cuts", 20);
  private static final int BUILDS = 16;

  @TempDir private Path directory;
  private final List<UUID> builds = new ArrayList<>();

  @Test
  void recordedWatchesAreOrderedUniqueGaplessResumableAndLegal() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    int restarts = Math.max(2, CUTS / 10);
    var all = new Recorder(null);
    var one = new ArrayList<Recorder>();
    long began = System.nanoTime();
    for (int round = 0; round <= restarts; round++) {
      boolean last = round == restarts;
      try (var running = new Running(directory)) {
        if (round == 0) {
          create(running.store.builds());
          builds.forEach(build -> one.add(new Recorder(build)));
        }
        var recorders = new ArrayList<>(one.subList(0, 4));
        recorders.add(all);
        writeWhileWatched(running, recorders, random, EVENTS / (restarts + 1), last);
      }
    }
    long newest = all.revision();
    int cuts = all.cuts + one.stream().mapToInt(recorder -> recorder.cuts).sum();
    System.out.printf(
        "%,d events, %d cuts, %d restarts in %d s%n",
        newest, cuts, restarts, Duration.ofNanos(System.nanoTime() - began).toSeconds());

    assertThat(newest).isGreaterThanOrEqualTo(EVENTS - BUILDS);
    assertThat(cuts).isGreaterThanOrEqualTo(CUTS);
    assertGapless(all.events, newest);
    assertLegal(all.events);
    for (Recorder recorder : one.subList(0, 4)) {
      assertThat(revisions(recorder.events))
          .isEqualTo(
              revisions(
                  all.events.stream()
                      .filter(event -> event.build().equals(recorder.build))
                      .toList()));
    }
  }

  /** What is kept of an event; a million of them have to fit into the heap. */
  private record Seen(
      long revision, UUID build, boolean change, @Nullable BuildState previous, BuildState state) {}

  private static List<Long> revisions(List<Seen> events) {
    return events.stream().map(Seen::revision).toList();
  }

  private static void assertGapless(List<Seen> events, long newest) {
    for (int i = 0; i < events.size(); i++) {
      assertThat(events.get(i).revision()).isEqualTo(i + 1);
    }
    assertThat(events).hasSize((int) newest);
  }

  private static void assertLegal(List<Seen> events) {
    var states = new HashMap<UUID, BuildState>();
    for (Seen event : events) {
      BuildState before = states.put(event.build(), event.state());
      assertThat(event.previous()).isEqualTo(before);
      if (event.change() && before != null) {
        assertThat(Lifecycle.rows())
            .anyMatch(row -> row.from() == before && row.to() == event.state());
      }
    }
  }

  /** A watcher with its history, which outlives connections and servers. */
  private static final class Recorder {
    private final @Nullable UUID build;
    private final List<Seen> events = new ArrayList<>();
    private int cuts;

    Recorder(@Nullable UUID build) {
      this.build = build;
    }

    long revision() {
      return events.isEmpty() ? 0 : events.getLast().revision();
    }

    /** Reads and reconnects until nobody writes any more and, when asked, all is read. */
    void record(BuildWatches watches, Random random, int cutsToMake, Running running, boolean all) {
      long read = revision();
      int made = 0;
      while (true) {
        try (BuildWatch watch = open(watches, read)) {
          int budget = random.nextInt(1, 2 * Math.max(2, EVENTS / (cutsToMake + 1) / 20));
          while (budget > 0 || made >= cutsToMake) {
            boolean over = running.written;
            Optional<WatchMessage> message = watch.next();
            if (message.isEmpty()) {
              if (over && !all) {
                cuts++; // by the server that goes down
                return;
              }
              if (over && made >= cutsToMake && watch.revision() >= running.newest) {
                return;
              }
              LockSupport.parkNanos(100_000);
              budget -= over ? budget : 0;
            } else {
              message.ifPresent(this::add);
              read = watch.revision();
              budget--;
              if (over && !all && made >= cutsToMake && random.nextInt(200) == 0) {
                cuts++; // the server goes down in the middle
                return;
              }
            }
          }
        }
        made++;
        cuts++;
      }
    }

    private BuildWatch open(BuildWatches watches, long after) {
      return build == null
          ? watches.watch(
              new BuildScope(new BuildFilter(null, null, Set.of()), Map.of()), after, () -> {})
          : watches.watch(build, after, true, () -> {});
    }

    private void add(WatchMessage message) {
      if (message instanceof WatchMessage.Happened(BuildEvent event)) {
        events.add(
            new Seen(
                event.revision(),
                event.buildId(),
                event.isStateChange(),
                event.previous(),
                event.state()));
      }
    }
  }

  /** A store with its watches, from a start to a stop. */
  private static final class Running implements AutoCloseable {
    private final StateStore store;
    private final BuildWatches watches;
    private volatile boolean written;

    /** The last revision that was written; to be read once all is written. */
    private volatile long newest;

    Running(Path directory) throws Exception {
      store =
          StateStore.open(
              Files.createDirectories(directory.resolve("state")),
              InstantSource.system(),
              failure -> {
                throw new AssertionError(failure);
              });
      var board = new ProgressBoard();
      var layout = new IndexLayout(directory.resolve("index"));
      FileOperations files = FileOperations.real();
      var lifecycle =
          new BuildLifecycle(
              store.builds(),
              board,
              layout,
              IndexFormats.installed(),
              files,
              new RetentionSweeper(store.builds(), layout, files, InstantSource.system(), 0),
              InstantSource.system(),
              UUID::randomUUID,
              Duration.ofHours(1));
      watches = new BuildWatches(store.log(), lifecycle, board);
      store.onCommit(watches::wakeUp);
      watches.start();
    }

    @Override
    public void close() {
      watches.close();
      store.close();
    }
  }

  private void create(BuildStore store) {
    for (int i = 0; i < BUILDS; i++) {
      UUID id = UUID.randomUUID();
      builds.add(id);
      var key = new IndexKey("branch-" + i, IndexType.SEARCH_INDEX, IndexKey.DEFAULT_NAME);
      store.create(
          id,
          new BuildSpec(
              key, List.of("object"), false, 0, List.of(), SwitchPolicy.DEFAULT, "", "", Map.of()));
      store.apply(id, Precondition.NONE, new BuildChange.Prepared());
    }
  }

  private void writeWhileWatched(
      Running running, List<Recorder> recorders, Random random, int events, boolean last)
      throws Exception {
    int rounds = Math.max(2, CUTS / 10) + 1;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var reading = new ArrayList<Future<?>>();
      for (Recorder recorder : recorders) {
        var own = new Random(random.nextLong());
        int cuts = Math.max(1, CUTS / rounds / recorders.size() + 1);
        reading.add(
            threads.submit(() -> recorder.record(running.watches, own, cuts, running, last)));
      }
      var writing = new ArrayList<Future<?>>();
      for (UUID build : builds) {
        writing.add(threads.submit(() -> write(running.store.builds(), build, events / BUILDS)));
      }
      for (Future<?> writer : writing) {
        writer.get();
      }
      running.newest = running.store.log().newestRevision();
      running.written = true;
      for (Future<?> reader : reading) {
        reader.get();
      }
    }
  }

  /** Leaves the build BUILDING, as it was. */
  private static void write(BuildStore store, UUID build, int events) {
    for (int written = 0; written < events; written += 5) {
      store.apply(build, Precondition.NONE, new BuildChange.Failed("again", Duration.ZERO));
      store.apply(build, Precondition.NONE, new BuildChange.Retried());
      store.apply(build, Precondition.NONE, new BuildChange.Prepared());
      store.mark(build, Precondition.NONE, new BuildMark.Paused(""));
      store.mark(build, Precondition.NONE, new BuildMark.Resumed());
    }
  }
}
