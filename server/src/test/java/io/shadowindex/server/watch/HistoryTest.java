package io.shadowindex.server.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.shadowindex.server.build.BuildChange;
import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildMark;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.testing.History;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
 * Checks what watchers have recorded across cut connections and orderly restarts: {@code
 * -Dshadowindex.events}, {@code -Dshadowindex.cuts}, and restarts a tenth of them.
 */
final class HistoryTest {

  private static final int EVENTS = Integer.getInteger("shadowindex.events", 3_000);
  private static final int CUTS = Integer.getInteger("shadowindex.cuts", 20);
  private static final int ROUNDS = Math.max(2, CUTS / 10) + 1;
  private static final int BUILDS = 64;
  private static final int WATCHERS_OF_ONE = 4;
  private static final Duration LONG_REST = Duration.ofMinutes(1);

  @TempDir private Path directory;
  private final List<UUID> builds = new ArrayList<>();

  /** Whether the writers of this round are done, and the last revision then. */
  private volatile boolean written;

  private volatile long newest;

  @Test
  void recordedWatchesAreOrderedUniqueGaplessResumableAndLegal() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    var all = new Recorder(null);
    var recorders = new ArrayList<>(List.of(all));
    long began = System.nanoTime();
    for (int round = 0; round < ROUNDS; round++) {
      try (var store = new WatchedStore(directory)) {
        if (round == 0) {
          create(store.state().builds());
          builds.subList(0, WATCHERS_OF_ONE).forEach(build -> recorders.add(new Recorder(build)));
        }
        writeWhileWatched(store, recorders, random, round == ROUNDS - 1);
      }
    }
    int cuts = recorders.stream().mapToInt(recorder -> recorder.cuts).sum();
    System.out.printf(
        "%,d events, %d cuts, %d restarts in %d s%n",
        newest, cuts, ROUNDS - 1, Duration.ofNanos(System.nanoTime() - began).toSeconds());

    assertThat(newest).isGreaterThanOrEqualTo(EVENTS);
    assertThat(cuts).isGreaterThanOrEqualTo(CUTS);
    all.history.assertComplete(newest);
    all.history.assertLegal();
    for (int i = 0; i < WATCHERS_OF_ONE; i++) {
      assertThat(recorders.get(i + 1).history.revisions())
          .isEqualTo(all.history.revisionsOf(builds.get(i)));
    }
  }

  /** A watcher with its history, which outlives connections and servers. */
  private final class Recorder {
    private final @Nullable UUID build;
    private final History history = new History();
    private int cuts;
    private volatile long told;
    private volatile @Nullable Thread reader;

    Recorder(@Nullable UUID build) {
      this.build = build;
    }

    /**
     * Reads, with so many cuts, until nobody writes any more: and then to the end of the log, or
     * until the server goes down in the middle.
     */
    void record(BuildWatches watches, Random random, int cutsToMake, boolean toTheEnd) {
      int expected = EVENTS / ROUNDS / (build == null ? 1 : BUILDS);
      long read = history.revision();
      reader = Thread.currentThread();
      for (int made = 0; ; made++, cuts++) {
        int budget = 1 + random.nextInt(Math.max(1, 2 * expected / (cutsToMake + 1)));
        try (BuildWatch watch = open(watches, read)) {
          while (budget > 0 || made >= cutsToMake) {
            boolean over = written;
            Optional<WatchMessage> message = watch.next();
            read = watch.revision();
            if (message.isPresent()) {
              message.ifPresent(this::add);
              budget--;
            } else if (!over) {
              restUntilWokenUp(watch);
            } else if (made < cutsToMake) {
              budget = 0;
            } else if (!toTheEnd || read >= newest) {
              return;
            }
            if (over && !toTheEnd && made >= cutsToMake && random.nextInt(200) == 0) {
              return;
            }
          }
        }
      }
    }

    /** Whoever sleeps on although there is something to read has missed a wake-up. */
    private void restUntilWokenUp(BuildWatch watch) {
      long began = System.nanoTime();
      LockSupport.parkNanos(this, LONG_REST.toNanos());
      if (System.nanoTime() - began >= LONG_REST.toNanos()) {
        assertThat(watch.next()).isEmpty();
      }
    }

    void wakeUp() {
      LockSupport.unpark(reader);
    }

    boolean hasAllOf(BuildLog log) {
      return build == null ? told == newest : log.ofBuildAfter(build, told, 1).isEmpty();
    }

    private BuildWatch open(BuildWatches watches, long after) {
      Runnable wakeUp = this::wakeUp;
      return build == null
          ? watches.watch(
              new BuildScope(new BuildFilter(null, null, Set.of()), Map.of()), after, wakeUp)
          : watches.watch(build, after, true, wakeUp);
    }

    private void add(WatchMessage message) {
      if (message instanceof WatchMessage.Happened(BuildEvent event)) {
        history.add(
            new History.Event(
                event.revision(),
                event.buildId(),
                event.isStateChange(),
                event.previous(),
                event.state()));
        told = event.revision();
      }
    }
  }

  private void create(BuildStore store) {
    for (int i = 0; i < BUILDS; i++) {
      UUID id = UUID.randomUUID();
      builds.add(id);
      store.create(id, WatchedStore.spec("branch-" + i));
      store.apply(id, Precondition.NONE, new BuildChange.Prepared());
    }
  }

  private void writeWhileWatched(
      WatchedStore store, List<Recorder> recorders, Random random, boolean toTheEnd)
      throws Exception {
    int cuts = Math.ceilDiv(CUTS, ROUNDS * recorders.size());
    written = false;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var reading = new ArrayList<Future<?>>();
      for (Recorder recorder : recorders) {
        var own = new Random(random.nextLong());
        reading.add(threads.submit(() -> recorder.record(store.watches(), own, cuts, toTheEnd)));
      }
      var writing = new ArrayList<Future<?>>();
      for (UUID build : builds) {
        writing.add(
            threads.submit(
                () -> write(store.state().builds(), build, Math.ceilDiv(EVENTS, ROUNDS * BUILDS))));
      }
      for (Future<?> writer : writing) {
        writer.get();
      }
      newest = store.state().log().newestRevision();
      if (toTheEnd) {
        awaitReaders(store.state().log(), recorders, reading);
      }
      written = true;
      recorders.forEach(Recorder::wakeUp);
      for (Future<?> reader : reading) {
        reader.get();
      }
    }
  }

  /** Nobody wakes readers up for the last events but the watches themselves. */
  private static void awaitReaders(
      BuildLog log, List<Recorder> recorders, List<Future<?>> reading) {
    await()
        .atMost(LONG_REST.multipliedBy(10))
        .until(
            () ->
                recorders.stream().allMatch(recorder -> recorder.hasAllOf(log))
                    || reading.stream().anyMatch(Future::isDone));
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
