package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.rpc.RetryInfo;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.server.testing.WorkerStream;
import io.shadowindex.v1.BuildConfig;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.Directive;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.StreamProgressResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that report over a stream, alone and together. */
final class WorkerStreamTest {

  private static final int REPORTS_PER_SECOND = 2_000;

  private TestServer server;

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    server =
        TestServer.start(
            TestServer.withQuickHousekeeping(TestServer.config(directory))
                .with(Settings.STREAM_OPENING, Duration.ofMillis(300))
                .with(Settings.MAX_REPORTS_PER_SECOND, REPORTS_PER_SECOND),
            Environment.real());
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void reportsAreCountedAndTheNewestIsAnswered() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var worker = new WorkerStream(server, build, "");
    for (int i = 1; i <= 100; i++) {
      worker.report(i, i * 10L);
    }

    StreamProgressResponse last = worker.counted(100);
    assertThat(last.getDirective()).isEqualTo(Directive.Enum.CONTINUE);
    assertThat(last.getProgress().getBuildProgressPercent()).isEqualTo(100);
    assertThat(last.getProgress().getRecordCount()).isEqualTo(1000);
    worker.end();
    assertThat(worker.endsWell()).isTrue();
    assertThat(server.get(build).getRecordCount()).isEqualTo(1000);
  }

  @Test
  void aStreamEndsWellWhenItsBuildIsComplete() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var worker = new WorkerStream(server, build, "");
    worker.report(90, 9);
    worker.counted(1);
    TestServer.write(build, "segment", "x");
    var _ = server.complete(build, 10);

    assertThat(worker.endsWell()).isTrue();
  }

  @Test
  void pauseAndResumeReachAWorkerThatSaysNothing() {
    ShadowIndex build = server.startBuild("main");
    var worker = new WorkerStream(server, build, "");
    worker.report(10, 1);
    worker.counted(1);

    pause(build);
    await().until(() -> worker.last().getDirective() == Directive.Enum.PAUSE);
    assertThat(server.get(build).getPaused()).isTrue();
    assertThat(server.stub().reportProgress(worker.reportOf(11, 2).build()).getDirective())
        .isEqualTo(Directive.Enum.PAUSE);

    resume(build);
    await().until(() -> worker.last().getDirective() != Directive.Enum.PAUSE);
    assertThat(worker.answers())
        .extracting(StreamProgressResponse::getDirective)
        .contains(Directive.Enum.RESUME);
    assertThat(server.get(build).getPaused()).isFalse();
  }

  @Test
  void aSecondPauseChangesNothing() {
    ShadowIndex build = server.startBuild("main");
    pause(build);
    ShadowIndex paused = server.get(build);
    pause(build);

    assertThat(server.get(build).getEtag()).isEqualTo(paused.getEtag());
    assertThat(paused.getEtag()).isNotEqualTo(build.getEtag());
  }

  @Test
  void aCancelledBuildTellsItsWorkerToStop() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var worker = new WorkerStream(server, build, "");
    worker.report(10, 1);
    worker.counted(1);
    var _ = server.cancel(build);

    StatusRuntimeException refusal = worker.refusal();
    assertThat(worker.last().getDirective()).isEqualTo(Directive.Enum.CANCEL);
    assertThat(refusal.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(TestServer.reason(refusal)).isEqualTo("ILLEGAL_TRANSITION");
  }

  @Test
  void aWorkerWhoseBuildWasClaimedIsToldToStopAndRefusedFromThenOn() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var worker = new WorkerStream(server, build, "");
    worker.report(10, 1);
    worker.counted(1);
    ShadowIndex claimed = claim(build);

    StatusRuntimeException refusal = worker.refusal();
    assertThat(worker.last().getDirective()).isEqualTo(Directive.Enum.CANCEL);
    assertThat(refusal.getStatus().getCode()).isEqualTo(Code.ABORTED);
    assertThat(TestServer.reason(refusal)).isEqualTo("STALE_FENCING_TOKEN");
    assertThat(claimed.getFencingToken()).isGreaterThan(build.getFencingToken());

    var again = new WorkerStream(server, build, "");
    again.report(99, 99);
    assertThat(TestServer.reason(again.refusal())).isEqualTo("STALE_FENCING_TOKEN");
    var replacement = new WorkerStream(server, claimed, "");
    replacement.report(5, 1);
    assertThat(replacement.counted(1).getProgress().getBuildProgressPercent()).isEqualTo(5);
  }

  @Test
  void ofTwoWorkersWithOneIdTheOlderIsTold() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var older = new WorkerStream(server, build, "a");
    older.report(10, 1);
    older.counted(1);
    var newer = new WorkerStream(server, build, "a");
    newer.report(20, 2);

    StatusRuntimeException refusal = older.refusal();
    assertThat(refusal.getStatus().getCode()).isEqualTo(Code.ABORTED);
    assertThat(TestServer.reason(refusal)).isEqualTo("WORKER_REPLACED");
    assertThat(TestServer.errorInfo(refusal).getMetadataMap()).containsEntry("worker_id", "a");
    assertThat(newer.counted(1).getDirective()).isEqualTo(Directive.Enum.CONTINUE);
  }

  @Test
  void aStreamThatSaysNothingIsEnded() throws Exception {
    var silent = new WorkerStream(server, server.startBuild("main"), "");

    StatusRuntimeException refusal = silent.refusal();
    assertThat(refusal.getStatus().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
    assertThat(TestServer.reason(refusal)).isEqualTo("STREAM_SILENT");
  }

  @Test
  void aStopEndsAStreamThatHasSaidNothingYetAtOnce(@TempDir Path directory) throws Exception {
    Duration patience = Duration.ofMinutes(5);
    try (TestServer patient =
        TestServer.start(
            TestServer.config(directory)
                .with(Settings.STREAM_OPENING, patience)
                .with(Settings.DRAIN, patience),
            Environment.real())) {
      var silent = new WorkerStream(patient, patient.startBuild("main"), "");
      var _ = patient.startBuild("other"); // the stream has reached the server before

      patient.server().close();

      assertThat(TestServer.reason(silent.refusal())).isEqualTo("SERVER_DRAINING");
    }
  }

  @Test
  void aStreamThatFloodsIsEndedAndWhatWasCountedIsKept() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var worker = new WorkerStream(server, build, "");
    for (int i = 0; i < 20 * REPORTS_PER_SECOND; i++) {
      worker.report(1, i);
    }

    StatusRuntimeException refusal = worker.refusal();
    assertThat(refusal.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(TestServer.reason(refusal)).isEqualTo("STREAM_FLOODED");
    assertThat(server.get(build).getRecordCount()).isGreaterThanOrEqualTo(REPORTS_PER_SECOND - 1);
  }

  @Test
  void percentGoingBackwardsEndsTheStream() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var worker = new WorkerStream(server, build, "");
    worker.report(50, 5);
    worker.report(49, 5);

    StatusRuntimeException refusal = worker.refusal();
    assertThat(refusal.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(TestServer.reason(refusal)).isEqualTo("PROGRESS_BACKWARDS");
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(50);
  }

  @Test
  void progressOfABuildThatIsNotBuildingIsRefused() throws Exception {
    var worker = new WorkerStream(server, server.built("main"), "");
    worker.report(50, 5);

    StatusRuntimeException refusal = worker.refusal();
    assertThat(refusal.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(TestServer.reason(refusal)).isEqualTo("ILLEGAL_TRANSITION");
  }

  @Test
  void anUnknownBuildIsNotFound() throws Exception {
    ShadowIndex unknown =
        ShadowIndex.newBuilder().setShadowIndexId("00000000-0000-0000-0000-000000000000").build();
    var worker = new WorkerStream(server, unknown, "");
    worker.report(50, 5);

    assertThat(worker.refusal().getStatus().getCode()).isEqualTo(Code.NOT_FOUND);
  }

  @Test
  void aStreamIsOfOneWorker() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var worker = new WorkerStream(server, build, "a");
    worker.report(50, 5);
    worker.send(worker.reportOf(50, 5).setWorkerId("b"));

    StatusRuntimeException refusal = worker.refusal();
    assertThat(refusal.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(TestServer.reason(refusal)).isEqualTo("INVALID_FIELD");
  }

  @Test
  void aReportThatBreaksItsRulesEndsTheStream() throws Exception {
    var worker = new WorkerStream(server, server.startBuild("main"), "a");
    worker.report(101, 5);

    assertThat(TestServer.reason(worker.refusal())).isEqualTo("INVALID_FIELD");
  }

  @Test
  void aLaterReportThatBreaksItsRulesEndsTheStreamToo() throws Exception {
    ShadowIndex build = server.startBuild("main");
    for (var broken :
        List.<UnaryOperator<ReportProgressRequest.Builder>>of(
            report -> report.setProgressPercent(101),
            report -> report.setProgressPercent(-1),
            report -> report.setRecordCount(-1),
            report -> report.setEstimatedCompletionSeconds(-1),
            report -> report.setFencingToken(-1),
            report -> report.setPartWeight(-1),
            report -> report.setTotalRecordCount(0))) {
      var worker = new WorkerStream(server, build, "");
      worker.report(1, 5);
      worker.counted(1);
      worker.send(broken.apply(worker.reportOf(1, 5)));
      assertThat(TestServer.reason(worker.refusal())).isEqualTo("INVALID_FIELD");
    }
  }

  @Test
  void parallelWorkersMakeUpOneBuild() {
    ShadowIndex build = startBuild(2);
    report(build, "a", 50, 100, 1);
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(25);

    report(build, "b", 100, 40, 1);
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(75);
    assertThat(server.get(build).getRecordCount()).isEqualTo(140);

    report(build, "a", 100, 200, 1);
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(100);
    assertThat(server.get(build).getRecordCount()).isEqualTo(240);
  }

  @Test
  void aBuildTakesSoManyWorkersAndTellsOthersWhenToComeBack() {
    ShadowIndex build = startBuild(0);
    for (int worker = 1; worker <= 1024; worker++) {
      report(build, "worker-" + worker, 1, 1, 1);
    }

    StatusRuntimeException refused =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> report(build, "one too many", 1, 1, 1));

    assertThat(TestServer.reason(refused)).isEqualTo("TOO_MANY_WORKERS");
    assertThat(TestServer.detail(refused, RetryInfo.class).hasRetryDelay()).isTrue();
    report(build, "worker-1", 2, 2, 1);
  }

  @Test
  void aPartCountsByItsWeightOrItsTotal() {
    ShadowIndex weighted = startBuild(0);
    report(weighted, "a", 0, 0, 3);
    report(weighted, "b", 100, 1, 1);
    assertThat(server.get(weighted).getBuildProgressPercent()).isEqualTo(25);
    var _ = server.cancel(weighted);

    ShadowIndex counted = startBuild(0);
    var _ =
        server.stub().reportProgress(part(counted, "a", 0, 10, 0).setTotalRecordCount(900).build());
    var _ =
        server
            .stub()
            .reportProgress(part(counted, "b", 0, 100, 0).setTotalRecordCount(100).build());
    assertThat(server.get(counted).getBuildProgressPercent()).isEqualTo(11);
  }

  @Test
  void aWorkerThatJoinsLateDoesNotTurnTheBuildBack() {
    ShadowIndex build = startBuild(0);
    report(build, "a", 80, 80, 1);
    report(build, "b", 0, 0, 1);

    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(80);
    report(build, "b", 90, 10, 1);
    assertThat(server.get(build).getBuildProgressPercent()).isEqualTo(85);
  }

  @Test
  void aWorkerReturnsWithANewStreamWhereItWas() {
    ShadowIndex build = server.startBuild("main");
    var worker = new WorkerStream(server, build, "a");
    worker.report(40, 4);
    worker.counted(1);
    worker.end();
    var again = new WorkerStream(server, build, "a");
    again.report(41, 5);

    assertThat(again.counted(1).getProgress().getBuildProgressPercent()).isEqualTo(41);
    assertThat(server.get(build).getState()).isEqualTo(State.BUILDING);
  }

  private ShadowIndex startBuild(int workers) {
    return server
        .stub()
        .startBuild(
            StartBuildRequest.newBuilder()
                .setBranchName("main")
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .addResourceTypes("object_type")
                .setBuildConfig(BuildConfig.newBuilder().setParallelWorkers(workers))
                .build())
        .getShadowIndex();
  }

  private void report(ShadowIndex build, String worker, int percent, long records, long weight) {
    var _ = server.stub().reportProgress(part(build, worker, percent, records, weight).build());
  }

  private static ReportProgressRequest.Builder part(
      ShadowIndex build, String worker, int percent, long records, long weight) {
    return ReportProgressRequest.newBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setWorkerId(worker)
        .setProgressPercent(percent)
        .setRecordCount(records)
        .setPartWeight(weight);
  }

  private void pause(ShadowIndex build) {
    var _ =
        server
            .stub()
            .pauseBuild(
                PauseBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build());
  }

  private void resume(ShadowIndex build) {
    var _ =
        server
            .stub()
            .resumeBuild(
                ResumeBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build());
  }

  private ShadowIndex claim(ShadowIndex build) {
    return server
        .stub()
        .claimBuild(
            ClaimBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setForce(true)
                .build())
        .getShadowIndex();
  }
}
