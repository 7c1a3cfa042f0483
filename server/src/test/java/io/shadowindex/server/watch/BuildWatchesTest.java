package io.shadowindex.server.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.shadowindex.server.build.BuildChange;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildMark;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.ProgressBoard.Staged;
import io.shadowindex.server.build.ProgressReport;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The fan-out between a real log and watchers that read at their own pace. */
final class BuildWatchesTest {

  private WatchedStore store;
  private BuildLifecycle builds;
  private BuildWatches watches;

  @BeforeEach
  void start(@TempDir Path directory) throws Exception {
    store = new WatchedStore(directory);
    builds = store.builds();
    watches = store.watches();
  }

  @AfterEach
  void stop() {
    store.close();
  }

  @Test
  void aWatcherFarBehindIsCaughtUpFromTheLogWithoutGapOrRepetition() throws Exception {
    ShadowIndex build = startBuild("main");
    BuildWatch watch = watches.watch(build.id(), null, true, () -> {});
    int attempts = 80;
    for (int i = 0; i < attempts; i++) {
      failAndRetry(build);
    }

    assertThat(readEverything(watch, 3 * attempts)).isEqualTo(revisionsAfter(build));
  }

  @Test
  void aWatcherThatReadsAtRandomWhileEventsComeMissesNone() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    ShadowIndex build = startBuild("main");
    BuildWatch watch = watches.watch(build.id(), null, true, () -> {});
    int attempts = 100;
    try (var writer = Executors.newSingleThreadExecutor()) {
      var written =
          writer.submit(
              () -> {
                for (int i = 0; i < attempts; i++) {
                  failAndRetry(build);
                }
                return null;
              });
      var seen = new ArrayList<Long>();
      while (seen.size() < 3 * attempts) {
        int burst = random.nextInt(150);
        for (int i = 0; i < burst; i++) {
          watch.next().ifPresent(message -> addRevision(message, seen));
        }
        if (random.nextInt(3) == 0 && !written.isDone()) {
          int target = seen.size();
          await().until(() -> written.isDone() || logSize(build) > target + 100);
        }
      }
      written.get();
      assertThat(seen).isEqualTo(revisionsAfter(build));
      assertThat(watch.next().filter(message -> message instanceof WatchMessage.Happened))
          .isEmpty();
    }
  }

  @Test
  void aLongLogWithNothingToTellIsReadInStepsThatEachSayHowFarTheyCame() throws Exception {
    ShadowIndex other = startBuild("other");
    for (int i = 0; i < 50; i++) {
      failAndRetry(other);
    }
    long newest = store.state().log().newestRevision();
    var filter = new BuildFilter("main", null, Set.of());
    BuildWatch watch = watches.watch(new BuildScope(filter, Map.of()), 0L, () -> {});

    WatchMessage first = watch.next().orElseThrow();

    assertThat(first).isInstanceOf(WatchMessage.Heartbeat.class);
    assertThat(first.revision()).isBetween(1L, newest - 1);
    assertThat(watch.revision()).isEqualTo(first.revision());
    watches.drain();
    assertThatThrownBy(watch::next)
        .isInstanceOfSatisfying(
            RefusedException.class,
            refused ->
                assertThat(refused.refusal())
                    .isEqualTo(new Refusal.WatchDrained(first.revision())));
  }

  @Test
  void aWatcherIsToldOnlyOfItsOwnBuild() throws Exception {
    ShadowIndex mine = startBuild("mine");
    ShadowIndex other = startBuild("other");
    BuildWatch watch = watches.watch(mine.id(), null, false, () -> {});
    builds.cancel(other.id(), Precondition.NONE, "");
    builds.cancel(mine.id(), Precondition.NONE, "");

    assertThat(readEverything(watch, 1)).hasSize(1);
    assertThat(watch.isOver()).isTrue();
  }

  @Test
  void aLogThatForgetsFasterThanItIsReadStopsOnlyThoseWhoMissSomething() throws Exception {
    ShadowIndex build = startBuild("main");
    try (var slow = new BuildWatches(store.state().log(), builds, new ProgressBoard())) {
      slow.start();
      BuildWatch behind = slow.watch(build.id(), null, true, () -> {});
      readEverything(behind, 0);
      failAndRetry(build); // and nobody wakes the tailer up
      failAndRetry(build);
      store.state().log().compact(2, Instant.EPOCH, Integer.MAX_VALUE);
      BuildWatch later = slow.watch(build.id(), null, true, () -> {});
      readEverything(later, 0);
      slow.wakeUp();
      failAndRetry(build);
      slow.wakeUp();

      assertThat(readEverything(later, 3)).hasSize(3);
      assertThatThrownBy(() -> readEverything(behind, 1))
          .isInstanceOfSatisfying(
              RefusedException.class,
              refused ->
                  assertThat(refused.refusal()).isInstanceOf(Refusal.RevisionOutOfRange.class));
    }
  }

  /** Between the commit of a change and the board, which hears of it last, a report may come. */
  @Test
  void progressFromBeforeAChangeIsNotToldAfterIt() throws Exception {
    ShadowIndex build = startBuild("main");
    var wokenUp = new Semaphore(0);
    BuildWatch watch = watches.watch(build.id(), null, true, wokenUp::release);
    readEverything(watch, 0);
    var change = new BuildChange.Cancelled("before the board knows");
    store.state().builds().apply(build.id(), Precondition.NONE, change);
    readEverything(watch, 1);
    wokenUp.drainPermits();

    builds.report(build.id(), new ProgressReport("", 50, 1L, null, null, 1, null));

    wokenUp.acquire();
    assertThat(watch.next()).isEmpty();
  }

  @Test
  void theLastReportBeforeAPauseIsToldWhenTheBoardHearsOfThePause() throws Exception {
    ShadowIndex build = startBuild("main");
    var wokenUp = new Semaphore(0);
    BuildWatch watch = watches.watch(build.id(), null, true, wokenUp::release);
    readEverything(watch, 0);
    var pause = new BuildMark.Paused("");
    store.state().builds().mark(build.id(), Precondition.NONE, pause);
    readEverything(watch, 1);
    wokenUp.drainPermits();
    builds.report(build.id(), new ProgressReport("", 50, 1L, null, null, 1, null));
    wokenUp.acquire();
    assertThat(watch.next()).isEmpty();

    builds.mark(build.id(), Precondition.NONE, pause);

    wokenUp.acquire();
    assertThat(watch.next())
        .hasValueSatisfying(
            message ->
                assertThat(message)
                    .isInstanceOfSatisfying(
                        WatchMessage.Progressed.class,
                        told -> assertThat(told.build().progress().percent()).isEqualTo(50)));
  }

  @Test
  void aCopyIsToldFromMemoryUnlessItIsFromBeforeAChangeThatWasTold() throws Exception {
    ShadowIndex build = startBuild("main");
    var board = new ProgressBoard();
    var wokenUp = new Semaphore(0);
    try (var others = new BuildWatches(store.state().log(), builds, board)) {
      others.start();
      BuildWatch watch = others.watch(build.id(), null, true, wokenUp::release);
      readEverything(watch, 0);
      board.staged(new Staged(build, 0, 2));
      var change = new BuildChange.Failed("while it was copied", Duration.ZERO);
      ShadowIndex after = store.state().builds().apply(build.id(), Precondition.NONE, change);
      others.wakeUp();
      readEverything(watch, 1);
      wokenUp.drainPermits();
      store.state().close();

      board.staged(new Staged(build, 1, 2));
      wokenUp.acquire();
      assertThat(watch.next()).isEmpty();

      board.staged(new Staged(after, 1, 2));
      wokenUp.acquire();
      assertThat(watch.next()).containsInstanceOf(WatchMessage.Staging.class);
    }
  }

  private long logSize(ShadowIndex build) {
    return store.state().log().ofBuildAfter(build.id(), build.revision(), Integer.MAX_VALUE).size();
  }

  private List<Long> revisionsAfter(ShadowIndex build) {
    return store
        .state()
        .log()
        .ofBuildAfter(build.id(), build.revision(), Integer.MAX_VALUE)
        .stream()
        .map(change -> change.revision())
        .toList();
  }

  private static List<Long> readEverything(BuildWatch watch, int events) {
    var seen = new ArrayList<Long>();
    await()
        .until(
            () -> {
              Optional<WatchMessage> message = watch.next();
              while (message.isPresent()) {
                addRevision(message.get(), seen);
                message = watch.next();
              }
              return seen.size() >= events;
            });
    return seen;
  }

  private static void addRevision(WatchMessage message, List<Long> seen) {
    if (message instanceof WatchMessage.Happened(var change)) {
      seen.add(change.revision());
    }
  }

  private ShadowIndex startBuild(String branch) throws Exception {
    ShadowIndex build = builds.start(WatchedStore.spec(branch));
    assertThat(build.state()).isEqualTo(BuildState.BUILDING);
    return build;
  }

  private void failAndRetry(ShadowIndex build) throws Exception {
    builds.fail(build.id(), Precondition.NONE, "again");
    builds.retry(build.id(), Precondition.NONE);
  }
}
