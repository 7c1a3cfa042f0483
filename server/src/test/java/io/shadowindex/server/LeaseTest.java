package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.ManualClock;
import io.shadowindex.server.testing.RecordedStream;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildResponse.Notice;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that fall silent, and those who take their builds over. */
final class LeaseTest {

  private static final Duration LEASE = Duration.ofSeconds(60);

  private final ManualClock clock = new ManualClock();
  @TempDir private Path directory;
  private TestServer server;

  @BeforeEach
  void startServer() throws IOException {
    server =
        TestServer.start(
            TestServer.withQuickHousekeeping(TestServer.config(directory)),
            new Environment(clock, FileOperations.real(), SwitchStep.Observer.NONE));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aSilentWorkerMakesItsBuildStalledUntilItReportsAgain() {
    ShadowIndex build = server.startBuild("main");
    RecordedStream<WatchBuildResponse> watch = watch(build);
    server.report(build, 10, 1);
    clock.advance(LEASE.plusSeconds(1));
    await().until(() -> server.get(build).getStalled());

    server.report(build, 11, 2);
    await().until(() -> !server.get(build).getStalled());

    await().until(() -> notices(watch).size() == 2);
    assertThat(notices(watch))
        .extracting(Notice::getKind)
        .containsExactly(Notice.Kind.STALLED, Notice.Kind.RECOVERED);
    assertThat(server.get(build).getEtag()).isEqualTo(build.getEtag());
  }

  @Test
  void oneLostWorkerOfSeveralIsNamed() {
    ShadowIndex build = server.startBuild("main");
    RecordedStream<WatchBuildResponse> watch = watch(build);
    report(build, "lost", 10);
    report(build, "done", 100);
    report(build, "alive", 10);
    clock.advance(LEASE.minusSeconds(10));
    report(build, "alive", 20);
    clock.advance(Duration.ofSeconds(20));
    await().until(() -> !notices(watch).isEmpty());

    assertThat(notices(watch).getLast().getKind()).isEqualTo(Notice.Kind.STALLED);
    assertThat(notices(watch).getLast().getLostWorkerIdsList()).containsExactly("lost");
    await().until(() -> server.get(build).getStalled());
    assertThat(server.get(build).getLostWorkerIdsList()).containsExactly("lost");
  }

  @Test
  void aStalledBuildIsClaimedAndItsOldWorkerRefused() {
    ShadowIndex build = server.startBuild("main");
    server.report(build, 70, 700);
    assertThat(TestServer.reason(refused(() -> claim(build)))).isEqualTo("BUILD_NOT_STALLED");
    clock.advance(LEASE.plusSeconds(1));
    await().until(() -> server.get(build).getStalled());

    ShadowIndex claimed = claim(build);

    assertThat(claimed.getFencingToken()).isGreaterThan(build.getFencingToken());
    assertThat(claimed.getStalled()).isFalse();
    assertThat(claimed.getBuildProgressPercent()).isEqualTo(70);
    StatusRuntimeException stale = refused(() -> report(build, "", 71));
    assertThat(stale.getStatus().getCode()).isEqualTo(Code.ABORTED);
    assertThat(TestServer.reason(stale)).isEqualTo("STALE_FENCING_TOKEN");
    report(claimed, "", 3);
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(3);
  }

  @Test
  void aBuildOfWhichNobodyReportsForTheStaleLimitFails() {
    ShadowIndex build = server.startBuild("main");
    server.report(build, 10, 1);
    clock.advance(Duration.ofHours(6).plusSeconds(1));

    await().until(() -> server.get(build).getState() == State.FAILED);
    assertThat(server.get(build).getErrorMessage()).startsWith("no worker has reported for");
    assertThat(server.retry(build).getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void aPauseStopsTheClock() {
    ShadowIndex build = server.startBuild("main");
    RecordedStream<WatchBuildResponse> watch = watch(build);
    server.report(build, 10, 1);
    var _ =
        server
            .stub()
            .pauseBuild(
                PauseBuildRequest.newBuilder()
                    .setShadowIndexId(build.getShadowIndexId())
                    .setReason("disk is being replaced")
                    .build());
    clock.advance(Duration.ofHours(7));
    var _ =
        server
            .stub()
            .resumeBuild(
                ResumeBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build());
    server.report(build, 12, 2);
    clock.advance(LEASE.plusSeconds(1));
    await().until(() -> server.get(build).getStalled());

    await().until(() -> notices(watch).size() == 3);
    assertThat(notices(watch))
        .extracting(Notice::getKind)
        .containsExactly(Notice.Kind.PAUSED, Notice.Kind.RESUMED, Notice.Kind.STALLED);
    assertThat(notices(watch).getFirst().getMessage()).isEqualTo("disk is being replaced");
  }

  @Test
  void pausesAndStallsSurviveARestartAndTheLeaseBeginsAnew() throws Exception {
    ShadowIndex stalled = server.startBuild("stalled");
    ShadowIndex paused = server.startBuild("paused");
    var _ =
        server
            .stub()
            .pauseBuild(
                PauseBuildRequest.newBuilder().setShadowIndexId(paused.getShadowIndexId()).build());
    clock.advance(LEASE.plusSeconds(1));
    await().until(() -> server.get(stalled).getStalled());
    server.close();
    clock.advance(Duration.ofHours(12));
    startServer();

    assertThat(server.get(stalled).getStalled()).isTrue();
    assertThat(server.get(stalled).getState()).isEqualTo(State.BUILDING);
    assertThat(server.get(paused).getPaused()).isTrue();
    server.report(stalled, 1, 1);
    await().until(() -> !server.get(stalled).getStalled());
  }

  @Test
  void whatEachWorkerSaidAndWhoIsLostSurviveARestart() throws Exception {
    ShadowIndex build = server.startBuild("main");
    report(build, "lost", 10);
    report(build, "alive", 30);
    clock.advance(LEASE.minusSeconds(10));
    report(build, "alive", 50);
    clock.advance(Duration.ofSeconds(20));
    await().until(() -> server.get(build).getStalled());
    server.close();
    clock.advance(Duration.ofHours(12));
    startServer();

    assertThat(server.get(build).getStalled()).isTrue();
    assertThat(server.get(build).getLostWorkerIdsList()).containsExactly("lost");
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(30);
    report(build, "alive", 90);
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(50);
    assertThat(TestServer.reason(refused(() -> report(build, "alive", 80))))
        .isEqualTo("PROGRESS_BACKWARDS");
    assertThat(server.get(build).getStalled()).isTrue();
    report(build, "lost", 20);
    await().until(() -> !server.get(build).getStalled());
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(55);
  }

  @Test
  void aWorkerThatDoesNotComeBackAfterARestartIsNamed() throws Exception {
    ShadowIndex build = server.startBuild("main");
    report(build, "lost", 10);
    report(build, "alive", 10);
    server.close();
    startServer();
    RecordedStream<WatchBuildResponse> watch = watch(build);
    clock.advance(LEASE.minusSeconds(10));
    report(build, "alive", 20);
    clock.advance(Duration.ofSeconds(20));

    await().until(() -> !notices(watch).isEmpty());
    assertThat(notices(watch).getLast().getLostWorkerIdsList()).containsExactly("lost");
  }

  @Test
  void aClaimLetsProgressBeginAnewAlsoAfterARestart() throws Exception {
    ShadowIndex build = server.startBuild("main");
    server.report(build, 70, 700);
    clock.advance(LEASE.plusSeconds(1));
    await().until(() -> server.get(build).getStalled());
    ShadowIndex claimed = claim(build);
    server.close();
    startServer();

    report(claimed, "", 3);
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(3);
  }

  @Test
  void onlyABuildingBuildIsPausedOrClaimed() throws Exception {
    ShadowIndex built = server.built("main");

    assertThat(refused(() -> claim(built)).getStatus().getCode())
        .isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(
            TestServer.reason(
                refused(
                    () ->
                        server
                            .stub()
                            .pauseBuild(
                                PauseBuildRequest.newBuilder()
                                    .setShadowIndexId(built.getShadowIndexId())
                                    .build()))))
        .isEqualTo("ILLEGAL_TRANSITION");
  }

  @Test
  void theTimeToGoFollowsThePaceAndNeverIsNothing() {
    ShadowIndex build = server.startBuild("main");
    for (int percent = 1; percent <= 20; percent++) {
      clock.advance(Duration.ofSeconds(10));
      server.report(build, percent, percent * 100L);
    }
    assertThat(server.get(build).getEstimatedCompletionSeconds()).isBetween(780, 820);
    for (int percent = 21; percent <= 60; percent++) {
      clock.advance(Duration.ofSeconds(1));
      server.report(build, percent, percent * 100L);
    }
    var progress = server.stub().reportProgress(part(build, "", 60).build()).getProgress();
    assertThat(progress.getEstimatedCompletionSeconds()).isBetween(35, 150);
    assertThat(progress.getShortestCompletionSeconds())
        .isLessThanOrEqualTo(progress.getEstimatedCompletionSeconds());
    assertThat(progress.getLongestCompletionSeconds())
        .isGreaterThan(progress.getEstimatedCompletionSeconds());
    assertThat(progress.getRecordsPerSecond()).isBetween(40.0, 110.0);

    int before = progress.getEstimatedCompletionSeconds();
    clock.advance(Duration.ofMinutes(30));
    assertThat(server.get(build).getEstimatedCompletionSeconds()).isGreaterThan(before);
  }

  @Test
  void theWorkersOwnEstimateWins() {
    ShadowIndex build = server.startBuild("main");
    clock.advance(Duration.ofSeconds(10));
    var _ =
        server
            .stub()
            .reportProgress(part(build, "", 50).setEstimatedCompletionSeconds(500).build());
    assertThat(server.get(build).getEstimatedCompletionSeconds()).isEqualTo(500);
    clock.advance(Duration.ofSeconds(501));

    assertThat(server.get(build).getEstimatedCompletionSeconds()).isEqualTo(1);
  }

  private RecordedStream<WatchBuildResponse> watch(ShadowIndex build) {
    var watch = new RecordedStream<WatchBuildResponse>();
    ShadowIndexServiceGrpc.newStub(server.channel())
        .watchBuild(
            WatchBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build(),
            watch);
    await().until(() -> !watch.values().isEmpty());
    return watch;
  }

  private static List<Notice> notices(RecordedStream<WatchBuildResponse> watch) {
    return watch.values().stream()
        .filter(WatchBuildResponse::hasNotice)
        .map(WatchBuildResponse::getNotice)
        .toList();
  }

  private void report(ShadowIndex build, String worker, int percent) {
    var _ = server.stub().reportProgress(part(build, worker, percent).build());
  }

  private static ReportProgressRequest.Builder part(ShadowIndex build, String worker, int percent) {
    return ReportProgressRequest.newBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setFencingToken(build.getFencingToken())
        .setWorkerId(worker)
        .setProgressPercent(percent);
  }

  private ShadowIndex claim(ShadowIndex build) {
    return server
        .stub()
        .claimBuild(
            ClaimBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build())
        .getShadowIndex();
  }

  private static StatusRuntimeException refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call);
  }
}
