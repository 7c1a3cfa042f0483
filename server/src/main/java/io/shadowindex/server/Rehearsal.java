package io.shadowindex.server;

import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.Completion;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.RetentionSweeper;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchPolicy;
import io.shadowindex.server.build.ValidationCheck;
import io.shadowindex.server.index.ClaimedManifest;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.lock.LockFeed;
import io.shadowindex.server.lock.LockQueue;
import io.shadowindex.server.storage.StateStore;
import io.shadowindex.server.switchover.SwitchExecutor;
import io.shadowindex.server.switchover.SwitchForecast;
import io.shadowindex.server.switchover.SwitchLocks;
import io.shadowindex.server.switchover.SwitchOutcome;
import io.shadowindex.server.switchover.SwitchRequest;
import io.shadowindex.server.switchover.SwitchStep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Switches a throw-away index of its own again and again, so that the code of a switch is loaded
 * and compiled before the first real one: in a cold process that one holds the lock ten times as
 * long.
 *
 * <p>Works in a directory of its own with a database of its own, in the background, and touches
 * nothing else. What a crash leaves of it is deleted by the next start.
 */
final class Rehearsal implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Rehearsal.class);
  private static final Duration ANY = Duration.ofSeconds(1);

  /** Enough, all together, to have SHA-256 compiled into the instructions that processors have. */
  private static final int LARGE_FILE_BYTES = 64 * 1024;

  private static final int SMALL_FILES = 4;

  private final Path directory;
  private final int switches;
  private final Thread thread;
  private volatile boolean stopped;

  /**
   * Takes the directory to work in, which is deleted before and afterwards, and the number of
   * switches, which may be 0.
   */
  Rehearsal(Path directory, int switches) {
    this.directory = directory;
    this.switches = switches;
    this.thread = Thread.ofPlatform().name("rehearsal").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Stops after the switch under way and waits for that. */
  @Override
  public void close() {
    stopped = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The top of the thread: a rehearsal that fails is logged and harms nothing. */
  private void run() {
    FileOperations files = FileOperations.real();
    try {
      files.deleteTree(directory);
      if (switches > 0) {
        rehearse(files);
        files.deleteTree(directory);
      }
    } catch (IOException | RuntimeException e) {
      log.warn("the rehearsal of switches failed", e);
    }
  }

  private void rehearse(FileOperations files) throws IOException {
    InstantSource clock = InstantSource.system();
    var layout = new IndexLayout(directory.resolve("index"));
    IndexFormats formats = IndexFormats.installed();
    files.createDirectories(layout.builds());
    Path state = Files.createDirectories(directory.resolve("state"));
    try (var store = StateStore.open(state, clock, e -> log.warn("the rehearsal failed", e))) {
      var board = new ProgressBoard();
      var builds =
          new BuildLifecycle(
              store.builds(),
              board,
              layout,
              formats,
              files,
              new RetentionSweeper(store.builds(), layout, files, clock, 0),
              clock,
              UUID::randomUUID,
              ANY);
      var executor =
          new SwitchExecutor(
              store.builds(),
              store.switches(),
              new SwitchLocks(store.locks(), new LockQueue(), new LockFeed(store.locks()), clock),
              new SwitchForecast(store.builds(), board, clock),
              board,
              layout,
              formats,
              files,
              new SwitchExecutor.Settings(1, 0, ANY, ANY, ANY, 0),
              clock,
              SwitchStep.Observer.NONE,
              e -> log.warn("the rehearsal failed", e));
      Duration lockHeld = Duration.ZERO;
      for (int i = 0; i < switches && !stopped; i++) {
        lockHeld = switchOnce(builds, executor, layout).lockHeld();
      }
      log.info("rehearsed; the last switch held its lock for {} us", lockHeld.toNanos() / 1000);
    }
  }

  private static SwitchOutcome switchOnce(
      BuildLifecycle builds, SwitchExecutor executor, IndexLayout layout) throws IOException {
    var key = new IndexKey("rehearsal", IndexType.SEARCH_INDEX, IndexKey.DEFAULT_NAME);
    ShadowIndex build =
        builds.start(
            new BuildSpec(
                key,
                List.of("rehearsed"),
                false,
                0,
                List.of(),
                SwitchPolicy.DEFAULT,
                "",
                "",
                Map.of()));
    Path files = layout.buildDirectory(build.id());
    Files.write(files.resolve("large"), new byte[LARGE_FILE_BYTES]);
    for (int i = 0; i < SMALL_FILES; i++) {
      Files.writeString(files.resolve("small-" + i), "content");
    }
    builds.complete(
        build.id(),
        Precondition.NONE,
        ClaimedManifest.NONE,
        measured -> new Completion(1, null, measured, null, null, ""));
    return executor.execute(
        new SwitchRequest(
            build.id(), false, EnumSet.allOf(ValidationCheck.class), null, true, ANY, false, null));
  }
}
