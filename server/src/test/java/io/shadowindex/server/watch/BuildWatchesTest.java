package io.shadowindex.server.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.RetentionSweeper;
import io.shadowindex.server.build.ShadowIndex;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The fan-out between a real log and watchers that read at their own pace. */
final class BuildWatchesTest {

  private StateStore store;
  private BuildLifecycle builds;
  private BuildWatches watches;

  @BeforeEach
  void start(@TempDir Path directory) throws Exception {
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
    builds =
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
    watches = new BuildWatches(store.log(), builds, board);
    store.onCommit(watches::wakeUp);
    watches.start();
  }

  @AfterEach
  void stop() {
    watches.close();
    store.close();
  }

  @Test
  void aWatcherFarBehindIsCaughtUpFromTheLogWithoutGapOrRepetition() throws Exception {
    ShadowIndex build = startBuild("main");
    BuildWatch watch = watches.watch(build.id(), null, true, () -> {});
    int attempts = 200;
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
    int attempts = 300;
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
  void aWatcherIsToldOnlyOfItsOwnBuild() throws Exception {
    ShadowIndex mine = startBuild("mine");
    ShadowIndex other = startBuild("other");
    BuildWatch watch = watches.watch(mine.id(), null, false, () -> {});
    builds.cancel(other.id(), Precondition.NONE, "");
    builds.cancel(mine.id(), Precondition.NONE, "");

    assertThat(readEverything(watch, 1)).hasSize(1);
    assertThat(watch.isOver()).isTrue();
  }

  private long logSize(ShadowIndex build) {
    return store.log().ofBuildAfter(build.id(), build.revision(), Integer.MAX_VALUE).size();
  }

  private List<Long> revisionsAfter(ShadowIndex build) {
    return store.log().ofBuildAfter(build.id(), build.revision(), Integer.MAX_VALUE).stream()
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
    ShadowIndex build =
        builds.start(
            new BuildSpec(
                new IndexKey(branch, IndexType.SEARCH_INDEX, "default"),
                List.of("object_type"),
                false,
                0,
                List.of(),
                SwitchPolicy.DEFAULT,
                "",
                "",
                Map.of()));
    assertThat(build.state()).isEqualTo(BuildState.BUILDING);
    return build;
  }

  private void failAndRetry(ShadowIndex build) throws Exception {
    builds.fail(build.id(), Precondition.NONE, "again");
    builds.retry(build.id(), Precondition.NONE);
  }
}
