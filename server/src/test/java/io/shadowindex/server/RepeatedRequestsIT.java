package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.testing.ServerProcess;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real servers are killed while clients change things, and are asked again after the restart. */
final class RepeatedRequestsIT {

  private static final int KILLS = Integer.getInteger("shadowindex.kills.requests", 5);
  private static final int LANES = 3;

  private final AtomicReference<ServerProcess> server = new AtomicReference<>();
  private final AtomicInteger mutations = new AtomicInteger();
  private final AtomicInteger repeated = new AtomicInteger();
  private final AtomicInteger starts = new AtomicInteger();
  private volatile boolean done;

  @Test
  void everyMutationIsMadeOnceAlthoughItsServerIsKilled(@TempDir Path directory) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    Path data = directory.resolve("data");
    server.set(ServerProcess.start(data, ServerProcess.QUICK_START));
    try (var lanes = Executors.newFixedThreadPool(LANES)) {
      var running = new ArrayList<Future<?>>();
      for (int i = 0; i < LANES; i++) {
        String branch = "lane-" + i;
        running.add(lanes.submit(() -> mutateUntilDone(branch)));
      }
      for (int i = 0; i < KILLS; i++) {
        server.get().killAfter(300 + random.nextInt(700));
        server.set(ServerProcess.start(data, ServerProcess.QUICK_START));
      }
      done = true;
      for (Future<?> lane : running) {
        lane.get();
      }
      long builds =
          server
              .get()
              .stub()
              .listShadowIndexes(ListShadowIndexesRequest.getDefaultInstance())
              .getTotalCount();
      System.out.printf(
          "%d kills, %d mutations, %d asked again, %d builds started, %d there%n",
          KILLS, mutations.get(), repeated.get(), starts.get(), builds);
      assertThat(builds).isEqualTo(starts.get());
    } finally {
      done = true;
      server.get().close();
    }
  }

  private Void mutateUntilDone(String branch) throws IOException {
    while (!done) {
      ShadowIndex first = switched(branch);
      ShadowIndex second = switched(branch);
      String rollbackId = newId();
      var rollback =
          RollbackIndexRequest.newBuilder()
              .setBranchName(branch)
              .setIndexType(IndexType.Enum.SEARCH_INDEX)
              .setRequestId(rollbackId)
              .build();
      assertThat(answered(stub -> stub.rollbackIndex(rollback)).getSuccess()).isTrue();
      assertThat(activeId(branch)).isEqualTo(first.getShadowIndexId());
      ShadowIndex third = start(branch);
      var cancel =
          CancelBuildRequest.newBuilder()
              .setShadowIndexId(third.getShadowIndexId())
              .setRequestId(newId())
              .build();
      assertThat(answered(stub -> stub.cancelBuild(cancel)).getShadowIndex().getState())
          .isEqualTo(ShadowIndex.State.CANCELLED);
      assertThat(second.getShadowIndexId()).isNotEqualTo(first.getShadowIndexId());
    }
    return null;
  }

  private ShadowIndex switched(String branch) throws IOException {
    ShadowIndex build = start(branch);
    String id = build.getShadowIndexId();
    int attempt = build.getAttempt(); // higher when a kill hit the making of its directory
    var fail =
        FailBuildRequest.newBuilder()
            .setShadowIndexId(id)
            .setErrorMessage("failed")
            .setRequestId(newId())
            .build();
    assertThat(answered(stub -> stub.failBuild(fail)).getShadowIndex().getAttempt())
        .isEqualTo(attempt);
    var retry = RetryBuildRequest.newBuilder().setShadowIndexId(id).setRequestId(newId()).build();
    ShadowIndex retried = answered(stub -> stub.retryBuild(retry)).getShadowIndex();
    assertThat(retried.getState()).isEqualTo(ShadowIndex.State.BUILDING);
    Files.writeString(Path.of(build.getShadowIndexPath()).resolve("segment"), "records of " + id);
    var complete =
        CompleteBuildRequest.newBuilder()
            .setShadowIndexId(id)
            .setRecordCount(1)
            .setRequestId(newId())
            .build();
    assertThat(answered(stub -> stub.completeBuild(complete)).getShadowIndex().getAttempt())
        .isEqualTo(retried.getAttempt());
    var switching =
        SwitchIndexRequest.newBuilder()
            .setShadowIndexId(id)
            .setBackupCurrent(true)
            .setRequestId(newId())
            .build();
    assertThat(answered(stub -> stub.switchIndex(switching)).getSuccess()).isTrue();
    assertThat(activeId(branch)).isEqualTo(id);
    return build;
  }

  private ShadowIndex start(String branch) {
    var request =
        StartBuildRequest.newBuilder()
            .setBranchName(branch)
            .setIndexType(IndexType.Enum.SEARCH_INDEX)
            .addResourceTypes("object_type")
            .setRequestId(newId())
            .build();
    ShadowIndex build = answered(stub -> stub.startBuild(request)).getShadowIndex();
    assertThat(build.getState()).isEqualTo(ShadowIndex.State.BUILDING);
    starts.incrementAndGet();
    return build;
  }

  private String activeId(String branch) {
    var request =
        GetIndexRequest.newBuilder()
            .setBranchName(branch)
            .setIndexType(IndexType.Enum.SEARCH_INDEX)
            .build();
    return answered(stub -> stub.getIndex(request))
        .getIndex()
        .getActiveGeneration()
        .getShadowIndexId();
  }

  /** Asks whatever server there is until one answers. */
  private <R> R answered(Function<ShadowIndexServiceBlockingStub, R> call) {
    mutations.incrementAndGet();
    while (true) {
      try {
        return call.apply(server.get().stub());
      } catch (StatusRuntimeException e) {
        Code code = e.getStatus().getCode();
        if (code != Code.UNAVAILABLE && code != Code.UNKNOWN && code != Code.CANCELLED) {
          throw e;
        }
        repeated.incrementAndGet();
        LockSupport.parkNanos(20_000_000); // as a client pauses before it asks again
      }
    }
  }

  private static String newId() {
    return UUID.randomUUID().toString();
  }
}
