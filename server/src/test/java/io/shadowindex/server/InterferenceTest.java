package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.DelegatingFileOperations;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AutoSwitch;
import io.shadowindex.v1.CheckIndexesRequest;
import io.shadowindex.v1.CheckIndexesResponse.Finding;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.SwitchStrategy;
import io.shadowindex.v1.ValidationCheck;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to a change when somebody, or something, comes between its steps. */
final class InterferenceTest {

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
    server =
        TestServer.start(
            TestServer.withServeRoot(TestServer.config(directory), serveRoot),
            new Environment(InstantSource.system(), files, step -> observer.before(step)));
  }

  private void restartWith(FileOperations operations) throws IOException {
    server.close();
    files = operations;
    observer = SwitchStep.Observer.NONE;
    start();
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aRollbackToThePreviousGenerationDoesNotUndoASwitchThatCameBetween() throws IOException {
    ShadowIndex first = switched();
    switched();
    ShadowIndex between = server.built("main");
    observer = once(SwitchStep.STAGE, () -> assertThat(switchTo(between)).isTrue());

    var refused =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> server.stub().rollbackIndex(toThePrevious()));

    assertThat(TestServer.reason(refused)).isEqualTo("INDEX_CHANGED");
    assertThat(server.get(first).getState()).isEqualTo(State.CLEANUP);
    assertThat(server.get(between).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void aSwitchThatSomebodyElseReplacedAtOnceWasASuccess() throws IOException {
    switched();
    ShadowIndex next = ofSomeFiles(150); // more than are looked at under the lock
    observer =
        once(
            SwitchStep.CONFIRM,
            () -> assertThat(server.stub().rollbackIndex(toThePrevious()).getSuccess()).isTrue());

    SwitchIndexResponse response = forced(next);

    assertThat(response.getSuccess()).isTrue();
    assertThat(server.get(next).getState()).isEqualTo(State.CLEANUP);
    assertThat(server.get(next).getLastSwitch().getSuccess()).isTrue();
  }

  @Test
  void aSwitchWhoseCheckAfterwardsBreaksOffIsTakenBack() throws IOException {
    ShadowIndex old = switched();
    ShadowIndex next = ofSomeFiles(150); // more than are looked at under the lock
    observer = once(SwitchStep.CONFIRM, InterferenceTest::makeAMistake);

    SwitchIndexResponse response = forced(next);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getVerificationErrorsList())
        .containsExactly("the check of the generation broke off");
    assertThat(server.get(old).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void aSwitchThatCannotBeTakenBackBecauseOfAMistakeIsTold() throws IOException {
    switched();
    ShadowIndex next = ofSomeFiles(150);
    var confirming = new AtomicBoolean();
    observer =
        reached -> {
          if (reached == SwitchStep.CONFIRM || (confirming.get() && reached == SwitchStep.STAGE)) {
            confirming.set(true);
            makeAMistake();
          }
        };

    SwitchIndexResponse response = forced(next);

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getVerificationPassed()).isFalse();
    assertThat(response.getWarningsList())
        .singleElement(STRING)
        .contains("stays live although the check after the switch failed");
    assertThat(server.get(next).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void retentionIsNoFasterThanTheCheckAfterTheSwitch() throws IOException {
    keepNothing();
    ShadowIndex old = switched();
    ShadowIndex next = ofSomeFiles(150);
    observer =
        once(
            SwitchStep.CONFIRM,
            () -> {
              awaitSweep();
              makeAMistake();
            });

    assertThat(forced(next, false).getSuccess()).isFalse();

    assertThat(server.get(old).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void filesThatTheLiveLinkLeadsToAreKeptWhateverTheDatabaseSays() throws IOException {
    keepNothing();
    ShadowIndex old = switched();
    ShadowIndex next = server.built("main");
    Path link = Path.of(old.getCurrentIndexPath());
    Path files = Path.of(old.getShadowIndexPath());
    observer =
        AtStep.run(
            SwitchStep.COMMIT,
            () -> {
              Files.delete(link);
              Files.createSymbolicLink(link, files);
            });
    forced(next, false);

    awaitSweep();
    assertThat(files.resolve("segment")).exists();

    Files.delete(link);
    await().until(() -> !Files.exists(files));
  }

  /** Starts anew and deletes what is superseded at the next sweep. */
  private void keepNothing() throws IOException {
    server.close();
    server =
        TestServer.start(
            TestServer.withServeRoot(TestServer.config(directory), serveRoot)
                .with(Settings.GRACE, Duration.ZERO)
                .with(Settings.KEEP_GENERATIONS, 0),
            new Environment(InstantSource.system(), files, step -> observer.before(step)));
  }

  /** A sweep that began after this was called has come to an end: of two, the second has. */
  private void awaitSweep() throws IOException {
    for (String branch : List.of("first-sweep", "second-sweep")) {
      ShadowIndex cancelled = server.built(branch);
      server.cancel(cancelled);
      await().until(() -> !Files.exists(Path.of(cancelled.getShadowIndexPath())));
    }
  }

  private static void makeAMistake() {
    throw new IllegalStateException("a mistake");
  }

  @Test
  void anAutomaticSwitchWhoseCheckBreaksOffIsNotSaidToHaveChangedNothing() throws IOException {
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                startBuild().setAutoSwitch(AutoSwitch.newBuilder().setEnabled(true)).build())
            .getShadowIndex();
    for (int i = 0; i < 150; i++) {
      TestServer.write(build, "segment-" + i, "x");
    }
    observer = AtStep.run(SwitchStep.CONFIRM, InterferenceTest::makeAMistake);

    server.complete(build, 1);

    await()
        .untilAsserted(
            () ->
                assertThat(server.get(build).getLastSwitch().getMessage())
                    .startsWith("Index switch completed successfully"));
    assertThat(server.get(build).getLastSwitch().getSuccess()).isTrue();
    assertThat(server.get(build).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void anAutomaticSwitchStaysDueWhenSomebodyElsesIsRefused() throws Exception {
    switched();
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                startBuild()
                    .setAutoSwitch(
                        AutoSwitch.newBuilder()
                            .setEnabled(true)
                            .addValidationChecks(ValidationCheck.Enum.INTEGRITY_CHECK))
                    .build())
            .getShadowIndex();
    TestServer.write(build, "segment", "far smaller than the live one");
    var begun = new CountDownLatch(1);
    var mayGoOn = new CountDownLatch(1);
    observer =
        once(
            SwitchStep.STAGE,
            () -> {
              begun.countDown();
              awaitUninterruptibly(mayGoOn);
            });
    server.complete(build, 1);
    begun.await();

    SwitchIndexRequest strict =
        TestServer.switchRequest(build)
            .addValidationChecks(ValidationCheck.Enum.RECORD_COUNT_VALIDATION)
            .build();
    assertThat(server.stub().switchIndex(strict).getSuccess()).isFalse();

    assertThat(server.server().buildStore().autoSwitchesDue()).hasSize(1);
    mayGoOn.countDown();
    await().until(() -> server.get(build).getState() == State.ACTIVE);
    await().until(() -> server.server().buildStore().autoSwitchesDue().isEmpty());
  }

  @Test
  void anAutomaticSwitchIsMadeAfterAnotherToTheSameBuildFailed() throws Exception {
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                startBuild()
                    .setSwitchStrategy(SwitchStrategy.Enum.COPY_AND_REPLACE)
                    .setAutoSwitch(AutoSwitch.newBuilder().setEnabled(true))
                    .build())
            .getShadowIndex();
    TestServer.write(build, "segment", "x");
    var automaticBegan = new CountDownLatch(1);
    var copied = new CountDownLatch(1);
    observer =
        AtStep.both(
            once(
                SwitchStep.VALIDATE,
                () -> {
                  automaticBegan.countDown();
                  awaitUninterruptibly(copied);
                }),
            once(
                SwitchStep.STAGE,
                () -> {
                  copied.countDown(); // the automatic one finds the copy under way, or is late
                  makeAMistake();
                }));
    server.complete(build, 1);
    automaticBegan.await();

    assertThat(catchThrowable(() -> server.switchTo(build))).isNotNull();

    await().until(() -> server.get(build).getState() == State.ACTIVE);
    await().until(() -> server.get(build).getLastSwitch().getAutomatic());
    assertThat(server.server().buildStore().autoSwitchesDue()).isEmpty();
  }

  @Test
  void aSwitchThatACrashCutOffHasAResultAndNotTheOneBefore() throws IOException {
    switched();
    ShadowIndex next = server.startBuild("main");
    TestServer.write(next, "segment", "x");
    server.complete(next, 1);
    SwitchIndexRequest strict =
        TestServer.switchRequest(next)
            .addValidationChecks(ValidationCheck.Enum.RECORD_COUNT_VALIDATION)
            .build();
    assertThat(server.stub().switchIndex(strict).getSuccess()).isFalse();
    observer = AtStep.crash(SwitchStep.COMMIT);
    assertThat(catchThrowable(() -> forced(next))).isNotNull();

    restartWith(files);

    ShadowIndex now = server.get(next);
    assertThat(now.getState()).isEqualTo(State.ACTIVE);
    assertThat(now.getLastSwitch().getSuccess()).isTrue();
    assertThat(now.getLastSwitch().getValidationErrorsList()).isEmpty();
  }

  @Test
  void anErrorOfTheMachineUnderTheLockEndsTheProcessAndTheNextStartDecides() throws IOException {
    ShadowIndex old = switched();
    ShadowIndex next = server.built("main");
    restartWith(
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void rename(Path from, Path to) throws IOException {
            if (to.endsWith("default")) {
              throw new StackOverflowError();
            }
            super.rename(from, to);
          }
        });

    assertThat(catchThrowable(() -> server.switchTo(next))).isNotNull();
    assertThat(server.failures()).hasOnlyElementsOfType(StackOverflowError.class).isNotEmpty();

    restartWith(FileOperations.real());
    assertThat(server.get(next).getState()).isEqualTo(State.BUILT);
    assertThat(server.get(old).getState()).isEqualTo(State.ACTIVE);
    assertThat(switchTo(next)).isTrue();
  }

  @Test
  void aBuildCancelledAndSweptWhileItIsCopiedIsSaidToBeCancelled() throws IOException {
    ShadowIndex build = toBeCopied();
    var cancelled = new AtomicBoolean();
    restartWith(
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void copy(Path from, Path to, LongConsumer copied) throws IOException {
            if (cancelled.compareAndSet(false, true)) {
              server.cancel(build);
            }
            await().until(() -> !Files.exists(Path.of(build.getShadowIndexPath())));
            super.copy(from, to, copied);
          }
        });

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(build));

    assertThat(TestServer.reason(refused)).isEqualTo("ILLEGAL_TRANSITION");
  }

  @Test
  void aCopyThatFailedIsOverWhenItIsAnswered() throws IOException {
    ShadowIndex build = toBeCopied();
    var first = new AtomicBoolean(true);
    var secondBegan = new CountDownLatch(1);
    var underWay = new AtomicInteger();
    restartWith(
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void copy(Path from, Path to, LongConsumer copied) throws IOException {
            if (first.compareAndSet(true, false)) {
              awaitUninterruptibly(secondBegan);
              throw new FileSystemException(to.toString(), null, "No space left on device");
            }
            underWay.incrementAndGet();
            secondBegan.countDown();
            try {
              super.copy(from, to, copied);
            } finally {
              underWay.decrementAndGet();
            }
          }
        });

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> server.switchTo(build));

    assertThat(TestServer.reason(refused)).isEqualTo("DISK_FULL");
    assertThat(underWay).hasValue(0);
    assertThat(serveRoot.resolve("staging")).isEmptyDirectory();
  }

  @Test
  void aCopyThatWasLiveForAMomentStaysForThoseWhoReadIt() throws IOException {
    switched();
    ShadowIndex next = toBeCopied();
    var resolved = new AtomicReference<>(Path.of(""));
    observer =
        AtStep.run(
            SwitchStep.VERIFY,
            () -> {
              resolved.set(Path.of(next.getCurrentIndexPath()).toRealPath());
              Files.delete(resolved.get().resolve("segment"));
            });

    SwitchIndexResponse response = forced(next);

    assertThat(response.getShadowIndex().getState()).isEqualTo(State.FAILED);
    assertThat(resolved.get().resolve("deep/er/postings")).exists();
    restartWith(files);
    assertThat(resolved.get().resolve("deep/er/postings")).exists();
  }

  @Test
  void aManifestThatIsCutOffIsDamageAndHidesNothingElse() throws IOException {
    ShadowIndex live = switched();
    ShadowIndex next = server.built("main");
    for (ShadowIndex each : List.of(live, next)) {
      Path manifest = Path.of(each.getShadowIndexPath() + ".manifest.json");
      String text = Files.readString(manifest);
      Files.writeString(manifest, text.substring(0, text.length() / 2));
    }

    SwitchIndexResponse response = server.switchTo(next);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList()).containsExactly("the manifest is damaged");
    assertThat(
            server.stub().checkIndexes(CheckIndexesRequest.getDefaultInstance()).getFindingsList())
        .extracting(Finding::getProblem)
        .containsExactly("the manifest of the active generation is damaged");
  }

  @Test
  void aBuildWithoutFilesIsNotComplete() throws IOException {
    ShadowIndex build = server.startBuild("main");
    Files.createDirectory(Path.of(build.getShadowIndexPath()).resolve("empty"));

    var refused =
        catchThrowableOfType(StatusRuntimeException.class, () -> server.complete(build, 1));

    assertThat(TestServer.reason(refused)).isEqualTo("BUILD_DIRECTORY_EMPTY");
    assertThat(server.get(build).getState()).isEqualTo(State.BUILDING);
    TestServer.write(build, "segment", "x");
    assertThat(server.complete(build, 1).getState()).isEqualTo(State.BUILT);
  }

  @Test
  void aBuildWhoseFilesTheDiskFailedToMakeDurableIsNotCompletedByASecondTry() throws IOException {
    ShadowIndex build = server.startBuild("main");
    Path segment = TestServer.write(build, "segment", "x");
    var failures = new AtomicInteger(1);
    restartWith(
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void sync(Path fileOrDirectory) throws IOException {
            if (fileOrDirectory.equals(segment) && failures.getAndDecrement() > 0) {
              throw new IOException("Input/output error");
            }
            super.sync(fileOrDirectory);
          }
        });
    var request =
        CompleteBuildRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setRecordCount(1)
            .setRequestId(UUID.randomUUID().toString())
            .build();

    assertThat(refusalOf(request)).isEqualTo("INTERNAL");

    assertThat(server.get(build).getState()).isEqualTo(State.FAILED);
    assertThat(refusalOf(request)).isEqualTo("ILLEGAL_TRANSITION");
    TestServer.write(server.retry(build), "segment", "x");
    assertThat(server.complete(build, 1).getState()).isEqualTo(State.BUILT);
  }

  @Test
  void twoWhoCompleteOneBuildDoNotWriteTwoManifests() throws Exception {
    ShadowIndex build = server.startBuild("main");
    TestServer.write(build, "segment", "x");
    var hashing = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    var manifests = new AtomicInteger();
    restartWith(
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void makeReadOnly(Path file) throws IOException {
            hashing.countDown();
            awaitUninterruptibly(goOn);
            super.makeReadOnly(file);
          }

          @Override
          public void writeNew(Path file, Content content) throws IOException {
            manifests.incrementAndGet();
            super.writeNew(file, content);
          }
        });

    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var first = threads.submit(() -> server.complete(build, 1));
      hashing.await();
      var second = threads.submit(() -> server.complete(build, 1));
      goOn.countDown();

      assertThat(first.get().getState()).isEqualTo(State.BUILT);
      assertThatThrownBy(second::get)
          .cause()
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              refused -> assertThat(TestServer.reason(refused)).isEqualTo("ILLEGAL_TRANSITION"));
    }
    assertThat(manifests).hasValue(1);
  }

  @Test
  void aManifestWithoutFilesIsDeletedByTheNextStart() throws IOException {
    ShadowIndex build = server.built("main");
    Path manifest = Path.of(build.getShadowIndexPath() + ".manifest.json");
    byte[] content = Files.readAllBytes(manifest);
    server.cancel(build);
    await().until(() -> !Files.exists(manifest));
    Files.write(manifest, content); // by a completion that was under way

    restartWith(FileOperations.real());

    assertThat(manifest).doesNotExist();
  }

  @Test
  void aFileWithTheLongestNameThereIsGoesLive() throws IOException {
    ShadowIndex build = server.startBuild("main");
    String name = "ä".repeat(127) + "x"; // 255 bytes
    TestServer.write(build, name, "x");
    server.complete(build, 1);

    assertThat(switchTo(build)).isTrue();

    assertThat(Path.of(build.getCurrentIndexPath()).resolve(name)).exists();
  }

  private String refusalOf(CompleteBuildRequest request) {
    return TestServer.reason(
        catchThrowableOfType(
            StatusRuntimeException.class, () -> server.stub().completeBuild(request)));
  }

  private static SwitchStep.Observer once(SwitchStep step, AtStep.Interference interference) {
    var done = new AtomicBoolean();
    return AtStep.run(
        step,
        () -> {
          if (done.compareAndSet(false, true)) {
            interference.run();
          }
        });
  }

  private ShadowIndex switched() throws IOException {
    ShadowIndex build = server.built("main");
    assertThat(switchTo(build)).isTrue();
    return build;
  }

  private boolean switchTo(ShadowIndex build) {
    return server.switchTo(build).getSuccess();
  }

  /** Whatever its size and count are. */
  private SwitchIndexResponse forced(ShadowIndex build) {
    return forced(build, true);
  }

  private SwitchIndexResponse forced(ShadowIndex build, boolean backupCurrent) {
    return server
        .stub()
        .switchIndex(
            TestServer.switchRequest(build)
                .setForceSwitch(true)
                .setBackupCurrent(backupCurrent)
                .build());
  }

  private ShadowIndex ofSomeFiles(int count) throws IOException {
    ShadowIndex build = server.startBuild("main");
    for (int i = 0; i < count; i++) {
      TestServer.write(build, "segment-" + i, UUID.randomUUID().toString());
    }
    return server.complete(build, 100);
  }

  private ShadowIndex toBeCopied() throws IOException {
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                startBuild().setSwitchStrategy(SwitchStrategy.Enum.COPY_AND_REPLACE).build())
            .getShadowIndex();
    for (String file : List.of("segment", "deep/er/postings")) {
      TestServer.write(build, file, file + " of " + build.getShadowIndexId());
    }
    return server.complete(build, 100);
  }

  private static StartBuildRequest.Builder startBuild() {
    return StartBuildRequest.newBuilder()
        .setBranchName("main")
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .addResourceTypes("object_type");
  }

  private static RollbackIndexRequest toThePrevious() {
    return RollbackIndexRequest.newBuilder()
        .setBranchName("main")
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .build();
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
