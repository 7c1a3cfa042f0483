package io.shadowindex.client;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WorkerSessionTest {

  @TempDir private Path directory;
  private RunningServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = RunningServer.start(directory);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aCompletedBuildIsBuilt() throws IOException {
    ShadowIndex built;
    try (WorkerSession session = start()) {
      Files.writeString(session.directory().resolve("segment"), "records");
      session.report(50, 3);
      built = session.complete(CompleteBuildRequest.newBuilder().setRecordCount(7).build());
    }
    assertThat(built.getState()).isEqualTo(State.BUILT);
    assertThat(server.get(built.getShadowIndexId()).getRecordCount()).isEqualTo(7);
  }

  @Test
  void aReportAnswersWhatTheServerHasRecorded() {
    try (WorkerSession session = start()) {
      assertThat(session.report(40, 12).getBuildProgressPercent()).isEqualTo(40);
      assertThat(session.report(50, 13).getRecordCount()).isEqualTo(13);
    }
  }

  @Test
  void aReportSurvivesARestartOfTheServer() throws IOException {
    try (WorkerSession session = start()) {
      session.report(40, 12);
      server.restart();
      assertThat(session.report(41, 13).getBuildProgressPercent()).isEqualTo(41);
    }
  }

  @Test
  void aBuildIsCompletedThoughTheServerIsAwayWhenTheCallBegins() throws Exception {
    try (WorkerSession session = start()) {
      Files.writeString(session.directory().resolve("segment"), "records");
      server.stop();
      var completing =
          CompletableFuture.supplyAsync(
              () -> session.complete(CompleteBuildRequest.getDefaultInstance()));
      server.startAgain();
      assertThat(completing.get(1, MINUTES).getState()).isEqualTo(State.BUILT);
    }
  }

  @Test
  void aSilentWorkerKeepsItsLeaseWhileItsSessionIsOpen() {
    try (ShadowIndexClient client =
            ShadowIndexClient.builder(server.address()).heartbeat(Duration.ofMillis(10)).build();
        WorkerSession session = WorkerSession.start(client, RunningServer.search("main"))) {
      session.report(40, 12);
      String id = session.build().getShadowIndexId();
      Instant first = heardOf(id);
      await().until(() -> heardOf(id).isAfter(first));
      assertThat(server.get(id).getBuildProgressPercent()).isEqualTo(40);
    }
  }

  private Instant heardOf(String id) {
    var at = server.get(id).getLastHeartbeatAt();
    return Instant.ofEpochSecond(at.getSeconds(), at.getNanos());
  }

  @Test
  void aReportReturnsWhenThePauseIsOver() throws Exception {
    try (WorkerSession session = start()) {
      CompletableFuture<?> reporting = reportInPause(session);
      assertThat(reporting).isNotDone();
      server
          .client()
          .resumeBuild(
              ResumeBuildRequest.newBuilder()
                  .setShadowIndexId(session.build().getShadowIndexId())
                  .build());
      reporting.get(1, MINUTES);
    }
  }

  @Test
  void aPauseIsKeptAcrossARestartOfTheServer() throws Exception {
    try (WorkerSession session = start()) {
      CompletableFuture<?> reporting = reportInPause(session);
      server.restart();
      await().until(session::isPaused);
      assertThat(reporting).isNotDone();
      session.stop();
      await().until(reporting::isDone);
    }
  }

  @Test
  void aWorkerThatIsStoppedWaitsForNothingAndMayStillCancel() {
    try (WorkerSession session = start()) {
      CompletableFuture<?> reporting = reportInPause(session);
      session.stop();
      assertThatThrownBy(reporting::join)
          .hasCauseInstanceOf(ShadowIndexException.Cancelled.class)
          .hasMessageContaining("the worker was stopped");
      assertThatExceptionOfType(ShadowIndexException.Cancelled.class)
          .isThrownBy(() -> session.report(3, 3));
      session.cancel("stopped");
      assertThat(server.get(session.build().getShadowIndexId()).getState())
          .isEqualTo(State.CANCELLED);
    }
  }

  /** Answers a report that the server has counted and that waits for the end of a pause. */
  private CompletableFuture<?> reportInPause(WorkerSession session) {
    String id = session.build().getShadowIndexId();
    session.report(1, 1);
    server.client().pauseBuild(PauseBuildRequest.newBuilder().setShadowIndexId(id).build());
    await().until(session::isPaused);
    var reporting = CompletableFuture.supplyAsync(() -> session.report(2, 2));
    await().until(() -> server.get(id).getRecordCount() == 2);
    return reporting;
  }

  @Test
  void anInterruptedWorkerStillSaysThatItFailed() {
    WorkerSession session = start();
    Thread.currentThread().interrupt();
    session.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(server.get(session.build().getShadowIndexId()).getState()).isEqualTo(State.FAILED);
  }

  @Test
  void aSessionIsToldOfAPauseAndOfItsEnd() {
    try (WorkerSession session = start()) {
      String id = session.build().getShadowIndexId();
      session.report(1, 1);
      assertThat(session.isPaused()).isFalse();
      server.client().pauseBuild(PauseBuildRequest.newBuilder().setShadowIndexId(id).build());
      await().until(session::isPaused);
      server.client().resumeBuild(ResumeBuildRequest.newBuilder().setShadowIndexId(id).build());
      await().until(() -> !session.isPaused());
    }
  }

  @Test
  void aBuildThatSomebodyElseClaimedIsLost() {
    try (WorkerSession session = start()) {
      String id = session.build().getShadowIndexId();
      session.report(1, 1);
      ClaimBuildRequest claim =
          ClaimBuildRequest.newBuilder().setShadowIndexId(id).setForce(true).build();
      try (WorkerSession claimed = WorkerSession.claim(server.client(), claim)) {
        assertThatExceptionOfType(ShadowIndexException.BuildLost.class)
            .isThrownBy(() -> session.report(2, 2));
        assertThat(claimed.report(3, 3).getBuildProgressPercent()).isEqualTo(3);
      }
    }
  }

  @Test
  void aSessionThatEndsEarlyFailsItsBuild() {
    String id;
    try (WorkerSession session = start()) {
      id = session.build().getShadowIndexId();
    }
    assertThat(server.get(id).getState()).isEqualTo(State.FAILED);
    assertThat(server.get(id).getErrorMessage()).contains("without completing");
  }

  @Test
  void theReasonOfAFailureReachesTheServer() {
    String id;
    try (WorkerSession session = start()) {
      id = session.build().getShadowIndexId();
      session.failing("the source is gone");
    }
    assertThat(server.get(id).getErrorMessage()).isEqualTo("the source is gone");
  }

  @Test
  void aReasonThatIsTooLongIsCutBetweenCharacters() {
    String id;
    try (WorkerSession session = start()) {
      id = session.build().getShadowIndexId();
      session.failing("x" + "\u20ac".repeat(2000));
    }
    String kept = server.get(id).getErrorMessage();
    assertThat(kept).startsWith("x\u20ac").endsWith("\u20ac").doesNotContain("\ufffd");
    assertThat(kept.getBytes(StandardCharsets.UTF_8)).hasSizeBetween(4094, 4096);
  }

  @Test
  void aCancelledBuildStaysCancelled() {
    String id;
    try (WorkerSession session = start()) {
      id = session.build().getShadowIndexId();
      session.cancel("not needed");
    }
    assertThat(server.get(id).getState()).isEqualTo(State.CANCELLED);
  }

  @Test
  void aWorkerWhoseBuildWasCancelledIsToldToStop() {
    try (WorkerSession session = start()) {
      cancel(session.build());
      assertThatExceptionOfType(ShadowIndexException.BuildLost.class)
          .isThrownBy(() -> session.report(10, 1))
          .withMessageContaining("CANCELLED");
    }
  }

  @Test
  void aLostBuildIsNotFailed() {
    WorkerSession session = start();
    cancel(session.build());
    assertThatExceptionOfType(ShadowIndexException.BuildLost.class)
        .isThrownBy(() -> session.report(10, 1));
    assertThatCode(session::close).doesNotThrowAnyException();
    assertThat(server.get(session.build().getShadowIndexId()).getState())
        .isEqualTo(State.CANCELLED);
  }

  @Test
  void aWorkerThatWasReplacedCanChangeNothing() {
    WorkerSession replaced = start();
    String id = replaced.build().getShadowIndexId();
    server
        .client()
        .failBuild(
            FailBuildRequest.newBuilder().setShadowIndexId(id).setErrorMessage("lost").build());
    server.client().retryBuild(RetryBuildRequest.newBuilder().setShadowIndexId(id).build());

    CompleteBuildRequest result = CompleteBuildRequest.newBuilder().setRecordCount(1).build();
    assertThatExceptionOfType(ShadowIndexException.BuildLost.class)
        .isThrownBy(() -> replaced.complete(result));
    replaced.close();
    assertThat(server.get(id).getState()).isEqualTo(State.BUILDING);
    assertThat(server.get(id).getAttempt()).isEqualTo(2);
  }

  private WorkerSession start() {
    return WorkerSession.start(server.client(), RunningServer.search("main"));
  }

  private void cancel(ShadowIndex build) {
    server
        .client()
        .cancelBuild(
            CancelBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build());
  }
}
