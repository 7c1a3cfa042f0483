package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.ManualClock;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.server.testing.WorkerStream;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that were given up and come back: {@code -Dshadowindex.rounds}. */
final class FencingTest {

  private static final int ROUNDS = Integer.getInteger("shadowindex.rounds", 10);
  private static final int STALE = 1_000_000;

  @Test
  void noReportOfAWorkerThatLostItsLeaseIsAccepted(@TempDir Path directory) throws Exception {
    var clock = new ManualClock();
    int accepted = 0;
    try (TestServer server =
        TestServer.start(
            TestServer.withQuickHousekeeping(TestServer.config(directory)),
            new Environment(clock, FileOperations.real(), SwitchStep.Observer.NONE))) {
      ShadowIndex held = server.startBuild("main");
      for (int round = 0; round < ROUNDS; round++) {
        ShadowIndex old = held;
        var worker = new WorkerStream(server, old, "");
        worker.report(10, round);
        worker.counted(1);
        boolean silent = round % 2 == 0;
        if (silent) {
          clock.advance(Duration.ofSeconds(61));
          await()
              .pollDelay(Duration.ZERO)
              .pollInterval(Duration.ofMillis(10))
              .until(() -> server.get(old).getStalled());
        }
        held = claim(server, old, !silent);
        if (silent) {
          worker.report(99, STALE);
        }
        assertThat(TestServer.reason(worker.refusal())).isEqualTo("STALE_FENCING_TOKEN");
        var returned = new WorkerStream(server, old, "");
        returned.report(99, STALE);
        assertThat(TestServer.reason(returned.refusal())).isEqualTo("STALE_FENCING_TOKEN");
        var refused =
            catchThrowableOfType(
                StatusRuntimeException.class,
                () -> server.stub().reportProgress(returned.reportOf(99, STALE).build()));
        var notCompleted =
            catchThrowableOfType(
                StatusRuntimeException.class, () -> server.stub().completeBuild(completion(old)));
        assertThat(TestServer.reason(notCompleted)).isEqualTo("STALE_FENCING_TOKEN");
        accepted += refused == null || server.get(held).getRecordCount() >= STALE ? 1 : 0;
      }
    }
    System.out.printf("%,d rounds, %d stale reports accepted%n", ROUNDS, accepted);
    assertThat(accepted).isZero();
  }

  private static CompleteBuildRequest completion(ShadowIndex build) {
    return CompleteBuildRequest.newBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setFencingToken(build.getFencingToken())
        .build();
  }

  private static ShadowIndex claim(TestServer server, ShadowIndex build, boolean force) {
    return server
        .stub()
        .claimBuild(
            ClaimBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setForce(force)
                .build())
        .getShadowIndex();
  }
}
