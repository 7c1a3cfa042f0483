package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.index.DelegatingFileOperations;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.SwitchStrategy;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Builds that are served from a copy on another volume. */
final class CopyAndReplaceTest {

  private Path directory = Path.of("");
  private Path serveRoot = Path.of("");
  private TestServer server;
  private volatile SwitchStep.Observer observer = SwitchStep.Observer.NONE;
  private FileOperations files = FileOperations.real();

  @BeforeEach
  void startServer(@TempDir Path temporary) throws IOException {
    directory = temporary.resolve("data");
    serveRoot = temporary.resolve("serving");
    start();
  }

  private void start() throws IOException {
    ServerConfig config = TestServer.config(directory);
    server =
        TestServer.start(
            TestServer.withServeRoot(config, serveRoot),
            new Environment(InstantSource.system(), files, step -> observer.before(step)));
  }

  private void restart() throws IOException {
    server.close();
    observer = SwitchStep.Observer.NONE;
    files = FileOperations.real();
    start();
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void theLiveLinkLeadsToAWholeCopyOnTheServingVolume() throws IOException {
    ShadowIndex build = built();

    SwitchIndexResponse response = server.switchTo(build);

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getNewIndexPath()).isEqualTo(copyOf(build).toString());
    assertThat(response.getShadowIndex().getSwitchStrategy())
        .isEqualTo(SwitchStrategy.Enum.COPY_AND_REPLACE);
    assertLive(build);
    assertThat(Path.of(build.getCurrentIndexPath()).resolve("deep/er/postings"))
        .hasContent("postings of " + build.getShadowIndexId());
    assertThat(Files.isWritable(copyOf(build).resolve("segment")) && !isRoot()).isFalse();
    assertThat(serveRoot.resolve("staging")).isEmptyDirectory();
  }

  @Test
  void bothStrategiesFollowEachOther() throws IOException {
    ShadowIndex copied = built();
    server.switchTo(copied);
    ShadowIndex renamed = server.built("main");
    SwitchIndexResponse response =
        server.stub().switchIndex(TestServer.switchRequest(renamed).setForceSwitch(true).build());
    assertThat(response.getOldIndexPath()).isEqualTo(copyOf(copied).toString());
    assertThat(response.getBackupPath()).isEqualTo(copyOf(copied).toString());
    assertThat(Path.of(renamed.getCurrentIndexPath()).toRealPath())
        .isEqualTo(Path.of(renamed.getShadowIndexPath()).toRealPath());

    var back =
        server
            .stub()
            .rollbackIndex(
                RollbackIndexRequest.newBuilder()
                    .setBranchName("main")
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .build());

    assertThat(back.getSuccess()).isTrue();
    assertLive(copied);
    restart();
    assertLive(copied);
  }

  @Test
  void aCopyThatDiffersFromTheManifestIsNotSwitchedTo() throws IOException {
    ShadowIndex build = built();
    Path segment = Path.of(build.getShadowIndexPath()).resolve("segment");
    assertThat(segment.toFile().setWritable(true)).isTrue();
    String content = Files.readString(segment);
    Files.writeString(segment, content.replace('r', 'x'));

    SwitchIndexResponse response = server.switchTo(build);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList()).containsExactly("segment: checksum mismatch");
    assertThat(response.getLockHeldMicros()).isZero();
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
    assertThat(copyOf(build)).doesNotExist();
  }

  @Test
  void aCopyThatWasChangedAfterItWasReadIsNotSwitchedTo() throws IOException {
    ShadowIndex build = built();
    server.close();
    Path staging = serveRoot.resolve("staging");
    files =
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void sync(Path path) throws IOException {
            super.sync(path);
            if (staging.equals(path.getParent())) { // the whole draft: all is copied and read
              Path segment = path.resolve("segment");
              assertThat(segment.toFile().setWritable(true)).isTrue();
              Files.writeString(segment, Files.readString(segment).replace('r', 'x'));
            }
          }
        };
    start();

    SwitchIndexResponse response = server.switchTo(build);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getVerificationErrorsList())
        .containsExactly("segment was changed after it was validated");
  }

  @ParameterizedTest
  @EnumSource(
      value = SwitchStep.class,
      names = {"VALIDATE", "STAGE", "INTEND", "FLIP", "VERIFY", "COMMIT"})
  void aCopyThatACrashLeftIsSweptUnlessItIsLive(SwitchStep step) throws IOException {
    ShadowIndex build = built();
    observer =
        reached -> {
          if (reached == step) {
            throw new Stopped();
          }
        };
    assertThat(catchThrowable(() -> server.switchTo(build))).isNotNull();

    restart();

    if (step.compareTo(SwitchStep.FLIP) > 0) {
      assertLive(build);
      assertThat(server.get(build).getState()).isEqualTo(State.ACTIVE);
    } else {
      assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
      assertThat(copyOf(build)).doesNotExist();
      assertThat(server.switchTo(build).getSuccess()).isTrue();
      assertLive(build);
    }
  }

  @Test
  void aFullServingVolumeRefusesAndLeavesNothingBehind() throws IOException {
    ShadowIndex build = built();
    files =
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void copy(Path from, Path to, LongConsumer copied) throws IOException {
            Files.writeString(to, "half");
            throw new FileSystemException(to.toString(), null, "No space left on device");
          }
        };
    server.close();
    start();

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(build));

    assertThat(TestServer.reason(refused)).isEqualTo("DISK_FULL");
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
    assertThat(serveRoot.resolve("staging")).isEmptyDirectory();
    restart();
    assertThat(server.switchTo(build).getSuccess()).isTrue();
  }

  @Test
  void aCopyThatAnErrorOfTheMachineEndedIsNoCopy() throws IOException {
    ShadowIndex build = built();
    server.close();
    files =
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void copy(Path from, Path to, LongConsumer copied) throws IOException {
            super.copy(from, to, copied);
            if (to.endsWith("postings")) {
              throw new InternalError("a fault occurred in an unsafe memory access operation");
            }
          }
        };
    start();

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(build));

    assertThat(TestServer.reason(refused)).isEqualTo("INTERNAL");
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
    assertThat(copyOf(build)).doesNotExist();
    assertThat(serveRoot.resolve("staging")).isEmptyDirectory();
  }

  @Test
  void theWatchShowsHowFarTheCopyIsBeforeTheLock() throws Exception {
    ShadowIndex build = built();
    var copying = new CountDownLatch(1);
    var seen = new CountDownLatch(1);
    files =
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void copy(Path from, Path to, LongConsumer copied) throws IOException {
            super.copy(from, to, copied);
            copying.countDown();
            awaitUninterruptibly(seen);
          }
        };
    server.close();
    start();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var watch =
          server
              .stub()
              .watchBuild(
                  WatchBuildRequest.newBuilder()
                      .setShadowIndexId(build.getShadowIndexId())
                      .build());
      var switching = threads.submit(() -> server.switchTo(build));
      copying.await();
      var events = new ArrayList<WatchBuildResponse>();
      while (watch.hasNext()) {
        WatchBuildResponse event = watch.next();
        events.add(event);
        if (event.hasStaging() && event.getStaging().getCopiedBytes() > 0) {
          assertThat(event.getStaging().getTotalBytes()).isEqualTo(build.getIndexSizeBytes());
          seen.countDown();
        }
      }
      assertThat(switching.get().getSuccess()).isTrue();
      assertThat(events.getLast().getStateChange().getState()).isEqualTo(State.ACTIVE);
      assertThat(events).anyMatch(WatchBuildResponse::hasStaging);
    }
  }

  @Test
  void ofTwoSwitchesAtOnceOneCopiesAndTheOtherIsTold() throws Exception {
    ShadowIndex build = built();
    var copying = new CountDownLatch(1);
    var mayGoOn = new CountDownLatch(1);
    observer =
        step -> {
          if (step == SwitchStep.STAGE) {
            copying.countDown();
            awaitUninterruptibly(mayGoOn);
          }
        };
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var first = threads.submit(() -> server.switchTo(build));
      copying.await();

      var refused =
          catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(build));
      mayGoOn.countDown();

      assertThat(TestServer.reason(refused)).isEqualTo("LOCK_HELD");
      assertThat(first.get().getSuccess()).isTrue();
      assertLive(build);
    }
  }

  @Test
  void aBuildCancelledWhileItIsCopiedLeavesNoCopy() throws Exception {
    ShadowIndex build = built();
    var cancelled = new AtomicBoolean();
    observer =
        step -> {
          if (step == SwitchStep.INTEND && cancelled.compareAndSet(false, true)) {
            server.cancel(build);
          }
        };

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(build));

    assertThat(TestServer.reason(refused)).isEqualTo("ILLEGAL_TRANSITION");
    assertThat(copyOf(build)).doesNotExist();
    await().until(() -> !Files.exists(Path.of(build.getShadowIndexPath())));
  }

  private static final class Stopped extends Error {
    private static final long serialVersionUID = 1L;
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private ShadowIndex built() throws IOException {
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                StartBuildRequest.newBuilder()
                    .setBranchName("main")
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .addResourceTypes("object_type")
                    .setSwitchStrategy(SwitchStrategy.Enum.COPY_AND_REPLACE)
                    .build())
            .getShadowIndex();
    for (String file : List.of("segment", "deep/er/postings")) {
      TestServer.write(
          build,
          file,
          (file.equals("segment") ? "records of " : "postings of ") + build.getShadowIndexId());
    }
    return server.complete(build, 100);
  }

  private Path copyOf(ShadowIndex build) {
    return serveRoot.resolve(build.getShadowIndexId());
  }

  private void assertLive(ShadowIndex build) throws IOException {
    assertThat(Path.of(build.getCurrentIndexPath()).toRealPath())
        .isEqualTo(copyOf(build).toRealPath());
  }
}
