package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.index.DelegatingFileOperations;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a switch leaves behind when it is refused, stopped at any step, or finds broken files. */
final class SwitchTest {

  private static final SwitchStep.Observer NOTHING = step -> {};

  private Path directory;
  private TestServer server;
  private volatile SwitchStep.Observer observer = NOTHING;
  private volatile FileOperations files = FileOperations.real();

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    this.directory = directory;
    start();
  }

  private void start() throws IOException {
    server =
        TestServer.start(
            directory,
            new Environment(InstantSource.system(), files, step -> observer.before(step)));
  }

  private void restart() throws IOException {
    server.close();
    observer = NOTHING;
    start();
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @ParameterizedTest
  @EnumSource(
      value = SwitchStep.class,
      names = {"VALIDATE", "STAGE", "INTEND", "FLIP", "VERIFY", "COMMIT"})
  void aSwitchStoppedAtAnyStepIsUndoneOrFinishedByTheNextStart(SwitchStep step) throws IOException {
    ShadowIndex old = server.built("main");
    assertThat(server.switchTo(old).getSuccess()).isTrue();
    ShadowIndex next = server.built("main");
    stopAt(step);

    assertThat(catchThrowable(() -> server.switchTo(next))).isNotNull();
    boolean flipped = step.compareTo(SwitchStep.FLIP) > 0;
    assertLive(flipped ? next : old, next);

    restart();
    assertState(next, flipped ? BuildState.ACTIVE : BuildState.BUILT);
    assertState(old, flipped ? BuildState.CLEANUP : BuildState.ACTIVE);
    assertLive(flipped ? next : old, next);
    assertNothingIsUnderWay();
    restart();
    assertState(next, flipped ? BuildState.ACTIVE : BuildState.BUILT);
    if (!flipped) {
      assertThat(server.switchTo(next).getSuccess()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SwitchStep.class,
      names = {"MARK_ROLLING_BACK", "FLIP_BACK", "COMMIT_ROLLBACK"})
  void aRollbackStoppedAtAnyStepIsFinishedByTheNextStart(SwitchStep step) throws IOException {
    ShadowIndex old = server.built("main");
    server.switchTo(old);
    ShadowIndex next = server.built("main");
    observer =
        reached -> {
          breakAt(SwitchStep.VERIFY, next).before(reached);
          if (reached == step) {
            throw new Stopped();
          }
        };

    assertThat(catchThrowable(() -> server.switchTo(next))).isNotNull();
    restart();

    assertState(next, BuildState.FAILED);
    assertState(old, BuildState.ACTIVE);
    assertLive(old, next);
    assertNothingIsUnderWay();
  }

  @Test
  void aGenerationThatIsBrokenAfterTheFlipIsRolledBack() throws IOException {
    ShadowIndex old = server.built("main");
    server.switchTo(old);
    ShadowIndex next = server.built("main");
    observer = breakAt(SwitchStep.VERIFY, next);

    SwitchIndexResponse response = server.switchTo(next);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationPassed()).isTrue();
    assertThat(response.getVerificationPassed()).isFalse();
    assertThat(response.getVerificationErrorsList()).containsExactly("segment is missing");
    assertThat(response.getIndexAccessible()).isTrue();
    assertThat(response.getShadowIndex().getState()).isEqualTo(State.FAILED);
    assertThat(response.getShadowIndex().getErrorMessage()).contains("segment is missing");
    assertLive(old, next);
    assertState(old, BuildState.ACTIVE);
    assertThat(server.startBuild("main").getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void aFirstGenerationThatIsBrokenLeavesNoLink() throws IOException {
    ShadowIndex first = server.built("main");
    observer = breakAt(SwitchStep.VERIFY, first);

    assertThat(server.switchTo(first).getSuccess()).isFalse();

    assertThat(Path.of(first.getCurrentIndexPath())).doesNotExist();
    assertThat(Files.isSymbolicLink(Path.of(first.getCurrentIndexPath()))).isFalse();
    assertState(first, BuildState.FAILED);
  }

  @Test
  void aDiskThatFailsBeforeTheFlipLeavesEverythingAsItWas() throws IOException {
    ShadowIndex old = server.built("main");
    server.switchTo(old);
    ShadowIndex next = server.built("main");
    Path link = Path.of(next.getCurrentIndexPath());
    files =
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void rename(Path from, Path to) throws IOException {
            if (to.equals(link)) {
              throw new java.nio.file.FileSystemException(
                  link.toString(), null, "No space left on device");
            }
            super.rename(from, to);
          }
        };
    restart();

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(next));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(TestServer.reason(refused)).isEqualTo("DISK_FULL");
    assertState(next, BuildState.BUILT);
    assertLive(old, next);
    assertNothingIsUnderWay();
  }

  @Test
  void aSyncThatFailsOnceAfterTheFlipIsNotRepeatedButDecidedByTheNextStart() throws IOException {
    ShadowIndex next = server.built("main");
    Path linkDirectory = Path.of(next.getCurrentIndexPath()).getParent();
    files =
        new DelegatingFileOperations(FileOperations.real()) {
          private int failuresLeft = 1;

          @Override
          public void sync(Path path) throws IOException {
            if (path.equals(linkDirectory)
                && Files.isSymbolicLink(Path.of(next.getCurrentIndexPath()))
                && failuresLeft-- > 0) {
              throw new IOException("Input/output error");
            }
            super.sync(path);
          }
        };
    restart();

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(next));

    assertThat(TestServer.reason(refused)).isEqualTo("OUTCOME_UNKNOWN");
    assertThat(server.failures()).hasSize(1);
    restart();
    assertState(next, BuildState.ACTIVE);
    assertLive(next, next);
  }

  @Test
  void aSyncThatFailsOnceAfterTheFlipBackIsNotRepeatedEither() throws IOException {
    ShadowIndex old = server.built("main");
    server.switchTo(old);
    ShadowIndex next = server.built("main");
    Path link = Path.of(next.getCurrentIndexPath());
    var flippingBack = new AtomicBoolean();
    files =
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void sync(Path path) throws IOException {
            if (path.equals(link.getParent())
                && Files.readSymbolicLink(link).endsWith(old.getShadowIndexId())
                && flippingBack.compareAndSet(true, false)) {
              throw new IOException("Input/output error");
            }
            super.sync(path);
          }
        };
    restart();
    observer =
        reached -> {
          breakAt(SwitchStep.VERIFY, next).before(reached);
          if (reached == SwitchStep.FLIP_BACK) {
            flippingBack.set(true);
          }
        };

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(next));

    assertThat(TestServer.reason(refused)).isEqualTo("OUTCOME_UNKNOWN");
    assertThat(server.failures()).hasSize(1);
    restart();
    assertState(next, BuildState.FAILED);
    assertLive(old, next);
  }

  @Test
  void aDiskThatKeepsFailingUnderTheLockEndsTheProcessAndIsDecidedByTheNextStart()
      throws IOException {
    ShadowIndex next = server.built("main");
    Path link = Path.of(next.getCurrentIndexPath());
    files =
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void sync(Path path) throws IOException {
            if (path.equals(link.getParent()) && Files.isSymbolicLink(link)) {
              throw new IOException("Input/output error");
            }
            super.sync(path);
          }
        };
    restart();

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(next));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(TestServer.reason(refused)).isEqualTo("OUTCOME_UNKNOWN");
    assertThat(server.failures()).hasSize(1);
    files = FileOperations.real();
    restart();
    assertState(next, BuildState.ACTIVE);
    assertLive(next, next);
  }

  @Test
  void somethingElseInThePlaceOfTheLinkIsNeverOverwritten() throws IOException {
    ShadowIndex built = server.built("main");
    Path link = Path.of(built.getCurrentIndexPath());
    Files.createDirectories(link);
    Files.writeString(link.resolve("precious"), "data");

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(built));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(TestServer.reason(refused)).isEqualTo("LIVE_NAME_OCCUPIED");
    assertThat(link.resolve("precious")).hasContent("data");
    assertState(built, BuildState.BUILT);
  }

  @Test
  void somethingElseThatAppearsInThePlaceOfTheLinkMeanwhileIsNotOverwrittenEither()
      throws IOException {
    ShadowIndex built = server.built("main");
    Path link = Path.of(built.getCurrentIndexPath());
    observer =
        reached -> {
          if (reached == SwitchStep.FLIP) {
            try {
              Files.writeString(link, "precious");
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
        };

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(built));

    assertThat(TestServer.reason(refused)).isEqualTo("LIVE_NAME_OCCUPIED");
    assertThat(link).hasContent("precious");
    assertState(built, BuildState.BUILT);
    assertNothingIsUnderWay();
  }

  @Test
  void aFileThatTakesThePlaceOfTheFlippedLinkIsNotOverwrittenOnTheWayBack() throws IOException {
    ShadowIndex old = server.built("main");
    server.switchTo(old);
    ShadowIndex next = server.built("main");
    Path link = Path.of(next.getCurrentIndexPath());
    observer =
        AtStep.run(
            SwitchStep.VERIFY,
            () -> {
              Files.delete(link);
              Files.writeString(link, "precious");
            });

    assertThat(server.switchTo(next).getSuccess()).isFalse();

    assertThat(link).hasContent("precious");
    assertState(next, BuildState.FAILED);
    assertState(old, BuildState.ACTIVE);
    assertNothingIsUnderWay();
    restart();
    assertThat(link).hasContent("precious");
    Files.delete(link);
    restart();
    assertLive(old, next);
  }

  @Test
  void aDirectoryThatTakesThePlaceOfTheFlippedLinkDoesNotKeepTheServerFromStarting()
      throws IOException {
    ShadowIndex first = server.built("main");
    Path link = Path.of(first.getCurrentIndexPath());
    observer =
        reached -> {
          AtStep.run(
                  SwitchStep.VERIFY,
                  () -> {
                    Files.delete(link);
                    Files.createDirectory(link);
                    Files.writeString(link.resolve("precious"), "data");
                  })
              .before(reached);
          if (reached == SwitchStep.FLIP_BACK) {
            throw new Stopped();
          }
        };

    assertThat(catchThrowable(() -> server.switchTo(first))).isNotNull();
    restart();

    assertThat(link.resolve("precious")).hasContent("data");
    assertState(first, BuildState.FAILED);
    assertNothingIsUnderWay();
  }

  @ParameterizedTest
  @EnumSource(
      value = SwitchStep.class,
      names = {"FLIP", "VERIFY", "COMMIT"})
  void aMistakeInTheProgramUnderTheLockDoesNotLeaveItHeld(SwitchStep step) throws IOException {
    ShadowIndex old = server.built("main");
    server.switchTo(old);
    ShadowIndex next = server.built("main");
    observer =
        reached -> {
          if (reached == step) {
            observer = NOTHING;
            throw new IllegalStateException("a mistake");
          }
        };

    var failure = catchThrowable(() -> server.switchTo(next));

    boolean flipped = step != SwitchStep.FLIP;
    assertThat(failure == null).isEqualTo(flipped);
    assertState(next, flipped ? BuildState.ACTIVE : BuildState.BUILT);
    assertLive(flipped ? next : old, next);
    assertNothingIsUnderWay();
  }

  @Test
  void aForcedSwitchNeverLeadsToDamagedFiles() throws IOException {
    ShadowIndex old = server.built("main");
    server.switchTo(old);
    ShadowIndex built = server.startBuild("main");
    Path lost = TestServer.write(built, "lost", "x");
    TestServer.write(built, "kept", "x");
    server.complete(built, 0);
    Files.delete(lost);

    SwitchIndexResponse response =
        server.stub().switchIndex(TestServer.switchRequest(built).setForceSwitch(true).build());

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList())
        .contains("lost is missing", "Shadow index has no records");
    assertThat(response.getMessage()).contains("damaged").doesNotContain("force_switch");
    assertThat(response.getLockHeldMicros()).isZero();
    assertState(built, BuildState.BUILT);
    assertLive(old, built);
  }

  @Test
  void aForcedSwitchNeverLeadsToFilesThatAreGone() throws IOException {
    ShadowIndex built = server.built("main");
    Path generation = Path.of(built.getShadowIndexPath());
    Files.delete(generation.resolve("segment"));
    Files.delete(generation);

    var refused =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                server
                    .stub()
                    .switchIndex(TestServer.switchRequest(built).setForceSwitch(true).build()));

    assertThat(TestServer.reason(refused)).isEqualTo("BUILD_DIRECTORY_MISSING");
    assertState(built, BuildState.BUILT);
  }

  @Test
  void sizesThatDoNotFitAreAllReported() throws IOException {
    ShadowIndex old = server.startBuild("main");
    TestServer.write(old, "segment", "x".repeat(10_000));
    server.switchTo(server.complete(old, 1000));
    ShadowIndex next = server.startBuild("main");
    TestServer.write(next, "segment", "x".repeat(104));
    server
        .stub()
        .completeBuild(
            io.shadowindex.v1.CompleteBuildRequest.newBuilder()
                .setShadowIndexId(next.getShadowIndexId())
                .setRecordCount(400)
                .setExpectedRecordCount(500)
                .setIndexSizeBytes(105)
                .build());

    SwitchIndexResponse response = server.switchTo(next);

    assertThat(response.getValidationErrorsList())
        .containsExactly(
            "Shadow index has fewer records than expected: 400 vs 500",
            "Shadow index has far fewer records than current: 400 vs 1000",
            "Shadow index size on disk differs from what was reported: 104 vs 105",
            "Shadow index size differs significantly from current: 104 vs 10000");
    assertLive(old, next);
  }

  @Test
  void filesThatChangedAfterCompletionAreNotSwitchedTo() throws IOException {
    ShadowIndex built = server.built("main");
    TestServer.write(built, "added-later", "x");

    SwitchIndexResponse response = server.switchTo(built);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList()).contains("added-later is not in the manifest");
  }

  @Test
  void aContentThatChangedAfterCompletionAndKeptItsSizeIsNotSwitchedTo() throws IOException {
    ShadowIndex old = server.built("main");
    server.switchTo(old);
    ShadowIndex built = server.built("main");
    changeContent(built);

    SwitchIndexResponse response = server.switchTo(built);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList()).containsExactly("segment: checksum mismatch");
    assertLive(old, built);
  }

  private static void changeContent(ShadowIndex build) throws IOException {
    Path segment = Path.of(build.getShadowIndexPath()).resolve("segment");
    assertThat(segment.toFile().setWritable(true)).isTrue();
    Files.writeString(segment, Files.readString(segment).replace('r', 'x'));
  }

  @Test
  void aSwitchWaitsForAnotherOnTheSameResourceTypesAndThenGoesAhead() throws Exception {
    ShadowIndex first = server.built("main");
    ShadowIndex second = builtBeside("main", "other");
    var underTheLock = new CountDownLatch(1);
    var mayGoOn = new CountDownLatch(1);
    observer = pauseAt(SwitchStep.FLIP, underTheLock, mayGoOn);

    var firstResult = CompletableFuture.supplyAsync(() -> server.switchTo(first));
    underTheLock.await();
    observer = NOTHING;
    var secondResult = CompletableFuture.supplyAsync(() -> server.switchTo(second));
    mayGoOn.countDown();

    assertThat(firstResult.get(30, TimeUnit.SECONDS).getSuccess()).isTrue();
    assertThat(secondResult.get(30, TimeUnit.SECONDS).getSuccess()).isTrue();
  }

  @Test
  void ofTwoSwitchesToOneBuildOneWins() throws Exception {
    ShadowIndex built = server.built("main");
    var underTheLock = new CountDownLatch(1);
    var mayGoOn = new CountDownLatch(1);
    observer = pauseAt(SwitchStep.FLIP, underTheLock, mayGoOn);

    var winner = CompletableFuture.supplyAsync(() -> server.switchTo(built));
    underTheLock.await();
    var loser = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(built));
    mayGoOn.countDown();

    assertThat(TestServer.reason(loser)).isEqualTo("ILLEGAL_TRANSITION");
    assertThat(winner.get(30, TimeUnit.SECONDS).getSuccess()).isTrue();
    assertThat(directory.resolve("index/staging")).isEmptyDirectory();
  }

  @Test
  void aClientThatGoesAwayUnderTheLockChangesNothing() throws Exception {
    ShadowIndex built = server.built("main");
    var underTheLock = new CountDownLatch(1);
    var mayGoOn = new CountDownLatch(1);
    observer = pauseAt(SwitchStep.FLIP, underTheLock, mayGoOn);

    var call =
        io.shadowindex.v1.ShadowIndexServiceGrpc.newFutureStub(server.channel())
            .switchIndex(TestServer.switchRequest(built).build());
    underTheLock.await();
    call.cancel(true);
    mayGoOn.countDown();

    await().untilAsserted(() -> assertState(built, BuildState.ACTIVE));
    assertLive(built, built);
  }

  @Test
  void filesOfOneAttemptDoNotCompleteTheNext() throws Exception {
    var sealing = new CountDownLatch(1);
    var retried = new CountDownLatch(1);
    pauseSealing(sealing, retried);
    ShadowIndex build = server.startBuild("main");
    TestServer.write(build, "segment", "x");

    var completing = CompletableFuture.supplyAsync(() -> server.complete(build, 1));
    sealing.await();
    server.fail(build);
    ShadowIndex next = server.retry(build);
    TestServer.write(next, "segment", "x");
    retried.countDown();

    assertThatThrownBy(() -> completing.get(30, TimeUnit.SECONDS))
        .cause()
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refused -> assertThat(TestServer.reason(refused)).isEqualTo("STALE_FENCING_TOKEN"));
    assertState(build, BuildState.BUILDING);
    server.report(next, 10, 1);
  }

  private void pauseSealing(CountDownLatch reachedIt, CountDownLatch mayGoOn) throws IOException {
    files =
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void makeReadOnly(Path file) throws IOException {
            reachedIt.countDown();
            try {
              mayGoOn.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            super.makeReadOnly(file);
          }
        };
    restart();
  }

  @Test
  void aBuildCancelledWhileItIsCompletedIsCancelled() throws Exception {
    var sealing = new CountDownLatch(1);
    var cancelled = new CountDownLatch(1);
    pauseSealing(sealing, cancelled);
    ShadowIndex build = server.startBuild("main");
    Path file = TestServer.write(build, "segment", "x");

    var completing = CompletableFuture.supplyAsync(() -> server.complete(build, 1));
    sealing.await();
    var _ = server.cancel(build);
    Files.delete(file);
    cancelled.countDown();

    assertThatThrownBy(() -> completing.get(30, TimeUnit.SECONDS))
        .cause()
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refused -> assertThat(TestServer.reason(refused)).isEqualTo("ILLEGAL_TRANSITION"));
    assertState(build, BuildState.CANCELLED);
  }

  @Test
  void aLinkThatSomebodyMovedIsRepairedAtTheNextStart() throws IOException {
    ShadowIndex active = server.built("main");
    server.switchTo(active);
    ShadowIndex other = server.built("main");
    Path link = Path.of(active.getCurrentIndexPath());
    Files.delete(link);
    Files.createSymbolicLink(link, Path.of(other.getShadowIndexPath()));

    restart();

    assertLive(active, active);
  }

  /** A completed build of another index that covers the same resource type. */
  private ShadowIndex builtBeside(String branch, String name) throws IOException {
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                io.shadowindex.v1.StartBuildRequest.newBuilder()
                    .setBranchName(branch)
                    .setIndexType(io.shadowindex.v1.IndexType.Enum.SEARCH_INDEX)
                    .setIndexName(name)
                    .addResourceTypes("object_type")
                    .build())
            .getShadowIndex();
    TestServer.write(build, "segment", "x");
    return server.complete(build, 1);
  }

  /** Stops the switch like a crash, without any of its error handling. */
  private static final class Stopped extends Error {
    private static final long serialVersionUID = 1L;
  }

  private void stopAt(SwitchStep step) {
    observer =
        reached -> {
          if (reached == step) {
            throw new Stopped();
          }
        };
  }

  private static SwitchStep.Observer breakAt(SwitchStep step, ShadowIndex build) {
    return reached -> {
      if (reached == step) {
        try {
          Files.delete(Path.of(build.getShadowIndexPath()).resolve("segment"));
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    };
  }

  private static SwitchStep.Observer pauseAt(
      SwitchStep step, CountDownLatch reachedIt, CountDownLatch mayGoOn) {
    return reached -> {
      if (reached == step) {
        reachedIt.countDown();
        try {
          mayGoOn.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    };
  }

  private void assertState(ShadowIndex build, BuildState state) {
    assertThat(
            server
                .server()
                .buildStore()
                .find(UUID.fromString(build.getShadowIndexId()))
                .orElseThrow()
                .state())
        .isEqualTo(state);
  }

  private static void assertLive(ShadowIndex expected, ShadowIndex any) throws IOException {
    assertThat(Path.of(any.getCurrentIndexPath()).toRealPath())
        .isEqualTo(Path.of(expected.getShadowIndexPath()).toRealPath());
  }

  private void assertNothingIsUnderWay() {
    assertThat(server.server().switchStore().open()).isEmpty();
    assertThat(server.lockedResourceTypes("main")).isEmpty();
  }
}
