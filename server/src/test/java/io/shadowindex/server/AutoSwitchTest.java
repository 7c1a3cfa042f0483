package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AutoSwitch;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.SwitchPreview;
import io.shadowindex.v1.ValidationCheck;
import io.shadowindex.v1.WatchBuildRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Switches that nobody has to call for, their results, and what a switch would do. */
final class AutoSwitchTest {

  private Path directory = Path.of("");
  private TestServer server;
  private volatile SwitchStep.Observer observer = SwitchStep.Observer.NONE;

  @BeforeEach
  void startServer(@TempDir Path temporary) throws IOException {
    directory = temporary;
    start();
  }

  private void start() throws IOException {
    server =
        TestServer.start(
            directory,
            new Environment(
                InstantSource.system(), FileOperations.real(), step -> observer.before(step)));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aBuildThatAsksForItIsLiveSoonAfterItIsComplete() throws IOException {
    ShadowIndex build = start(policy());

    ShadowIndex completed = server.complete(build, 100);

    assertThat(completed.getAutoSwitch())
        .isEqualTo(
            AutoSwitch.newBuilder()
                .setEnabled(true)
                .addValidationChecks(ValidationCheck.Enum.RECORD_COUNT_VALIDATION)
                .addValidationChecks(ValidationCheck.Enum.SIZE_COMPARISON)
                .setSwitchTimeoutSeconds(10)
                .build());
    ShadowIndex active = awaitResult(build);
    assertThat(active.getState()).isEqualTo(State.ACTIVE);
    assertThat(active.getLastSwitch().getSuccess()).isTrue();
    assertThat(active.getLastSwitch().getAutomatic()).isTrue();
    assertThat(active.getLastSwitch().getLockHeldMicros()).isPositive();
    assertThat(active.getLastSwitch().getMessage()).startsWith("Index switch completed");
    assertThat(Path.of(build.getCurrentIndexPath()).toRealPath())
        .isEqualTo(Path.of(build.getShadowIndexPath()).toRealPath());
  }

  @Test
  void oneThatIsRefusedLeavesTheBuildAsItIsAndTellsItsWatchers() throws IOException {
    ShadowIndex build = start(policy());
    var watch =
        server
            .stub()
            .watchBuild(
                WatchBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build());

    server.complete(build, 0);

    ShadowIndex refused = awaitResult(build);
    assertThat(refused.getState()).isEqualTo(State.BUILT);
    assertThat(refused.getLastSwitch().getSuccess()).isFalse();
    assertThat(refused.getLastSwitch().getValidationErrorsList())
        .containsExactly("Shadow index has no records");
    await()
        .until(
            () ->
                watch.hasNext()
                    && watch
                        .next()
                        .getNotice()
                        .getMessage()
                        .startsWith("automatic switch refused: Index not switched"));
    assertThat(
            server
                .stub()
                .switchIndex(TestServer.switchRequest(build).setForceSwitch(true).build())
                .getSuccess())
        .isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = SwitchStep.class,
      names = {"VALIDATE", "STAGE", "INTEND", "FLIP", "VERIFY", "COMMIT"})
  void oneThatACrashCutsOffIsMadeOnceByTheNextStart(SwitchStep step) throws Exception {
    ShadowIndex build = start(policy());
    var stopped = new CountDownLatch(1);
    observer =
        reached -> {
          if (reached == step) {
            stopped.countDown();
            throw new Stopped();
          }
        };
    server.complete(build, 100);
    assertThat(stopped.await(10, TimeUnit.SECONDS)).isTrue();
    server.close();
    var flips = new AtomicInteger();
    observer =
        reached -> {
          if (reached == SwitchStep.FLIP) {
            flips.incrementAndGet();
          }
        };

    start();

    await().until(() -> server.get(build).getState() == State.ACTIVE);
    boolean flippedBefore = step.compareTo(SwitchStep.FLIP) > 0;
    assertThat(flips).hasValue(flippedBefore ? 0 : 1);
    server.close();
    start();
    assertThat(server.get(build).getState()).isEqualTo(State.ACTIVE);
    assertThat(flips).hasValue(flippedBefore ? 0 : 1);
  }

  @Test
  void aPolicyThatIsOffAndAWrongOneAreTreatedAsSuch() throws IOException {
    ShadowIndex build = start(AutoSwitch.newBuilder().setEnabled(false));
    server.complete(build, 100);
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
    assertThat(server.get(build).hasLastSwitch()).isFalse();

    var refused =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> start(policy().setSwitchTimeoutSeconds(-1)));
    assertThat(TestServer.reason(refused)).isEqualTo("INVALID_FIELD");
  }

  @Test
  void whereTheServerSwitchesByDefaultWhatIsReplacedIsKept() throws IOException {
    server.close();
    server =
        TestServer.start(
            TestServer.config(directory).with(Settings.AUTO_SWITCH, true), Environment.real());
    ShadowIndex first = server.built("main");
    await().until(() -> server.get(first).getState() == State.ACTIVE);

    ShadowIndex second = server.built("main");
    await().until(() -> server.get(second).getState() == State.ACTIVE);

    assertThat(second.getAutoSwitch().getBackupCurrent()).isTrue();
    UUID replaced = UUID.fromString(first.getShadowIndexId());
    assertThat(server.server().buildStore().find(replaced).orElseThrow().backup()).isTrue();
  }

  @Test
  void theResultOfASwitchCanBeReadLater() throws IOException {
    ShadowIndex build = server.built("main");
    SwitchIndexResponse response = server.switchTo(build);

    var kept = server.get(build).getLastSwitch();

    assertThat(kept.getSuccess()).isTrue();
    assertThat(kept.getAutomatic()).isFalse();
    assertThat(kept.getMessage()).isEqualTo(response.getMessage());
    assertThat(kept.getLockHeldMicros()).isEqualTo(response.getLockHeldMicros());
    assertThat(kept.hasFinishedAt()).isTrue();
  }

  @Test
  void aDryRunSaysWhatWouldHappenAndChangesNothing() throws IOException {
    ShadowIndex first = server.built("main");
    server.switchTo(first);
    ShadowIndex second = server.built("main");
    server.switchTo(second);
    ShadowIndex third = server.built("main");

    SwitchIndexResponse kept = preview(third, true);
    SwitchIndexResponse deleted = preview(third, false);

    assertThat(kept.getSuccess()).isTrue();
    assertThat(kept.getMessage()).isEqualTo("The switch would go ahead");
    assertThat(kept.getLockHeldMicros()).isZero();
    SwitchPreview preview = kept.getPreview();
    assertThat(preview.getBlockersList()).isEmpty();
    assertThat(preview.getFreeDiskBytes()).isPositive();
    assertThat(preview.getNeededDiskBytes()).isZero();
    assertThat(preview.getExpectedLockHeldMicros()).isPositive();
    assertThat(preview.getKeptShadowIndexIdsList())
        .containsExactly(second.getShadowIndexId(), first.getShadowIndexId());
    assertThat(preview.getDeletedShadowIndexIdsList()).isEmpty();
    assertThat(deleted.getPreview().getDeletedShadowIndexIdsList())
        .containsExactly(second.getShadowIndexId());
    assertThat(server.get(third).getState()).isEqualTo(State.BUILT);
    assertThat(server.get(third).hasLastSwitch()).isFalse();
    assertThat(server.get(second).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void aDryRunOfASwitchThatWouldBeRefusedSaysWhy() throws IOException {
    ShadowIndex build = server.startBuild("main");
    TestServer.write(build, "segment", "x");
    server.complete(build, 0);

    SwitchIndexResponse response = preview(build, true);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList()).containsExactly("Shadow index has no records");
  }

  @Test
  void aRequestMayBeStricterThanTheServerButNotLaxer() throws IOException {
    server.switchTo(server.built("main"));
    ShadowIndex smaller = server.startBuild("main");
    TestServer.write(smaller, "segment", "records of " + smaller.getShadowIndexId());
    server.complete(smaller, 90);

    var strict =
        server.stub().switchIndex(TestServer.switchRequest(smaller).setTolerance(0.05).build());
    var lax =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                server
                    .stub()
                    .switchIndex(TestServer.switchRequest(smaller).setTolerance(0.6).build()));

    assertThat(strict.getValidationErrorsList())
        .containsExactly("Shadow index has far fewer records than current: 90 vs 100");
    assertThat(TestServer.reason(lax)).isEqualTo("INVALID_FIELD");
    assertThat(lax.getMessage()).contains("at most 0.5, the server's");
    assertThat(server.switchTo(smaller).getSuccess()).isTrue();
  }

  private static final class Stopped extends Error {
    private static final long serialVersionUID = 1L;
  }

  private SwitchIndexResponse preview(ShadowIndex build, boolean backupCurrent) {
    return server
        .stub()
        .switchIndex(
            TestServer.switchRequest(build)
                .setBackupCurrent(backupCurrent)
                .setValidateOnly(true)
                .build());
  }

  private static AutoSwitch.Builder policy() {
    return AutoSwitch.newBuilder().setEnabled(true);
  }

  private ShadowIndex start(AutoSwitch.Builder policy) throws IOException {
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                StartBuildRequest.newBuilder()
                    .setBranchName("main")
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .addResourceTypes("object_type")
                    .setAutoSwitch(policy)
                    .build())
            .getShadowIndex();
    TestServer.write(build, "segment", "x");
    return build;
  }

  private ShadowIndex awaitResult(ShadowIndex build) {
    await().until(() -> server.get(build).hasLastSwitch());
    return server.get(build);
  }
}
