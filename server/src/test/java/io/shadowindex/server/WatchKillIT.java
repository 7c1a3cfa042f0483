package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.shadowindex.server.testing.History;
import io.shadowindex.server.testing.ServerProcess;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.server.testing.WatchRecorder;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real server processes are killed under watches that are recorded and under workers that report:
 * {@code -Dshadowindex.watch.kills}.
 */
final class WatchKillIT {

  private static final int KILLS = Integer.getInteger("shadowindex.watch.kills", 4);
  private static final int CHANGES_BEFORE_A_KILL = 50;
  private static final int LANES = 3;
  private static final int RECORDERS_OF_ALL = 2;

  private final AtomicReference<ServerProcess> server = new AtomicReference<>();

  /** The builds of the revisions that were answered. */
  private final Map<Long, String> acknowledged = new ConcurrentHashMap<>();

  /** No more changes are made once there are kills enough. */
  private volatile boolean done;

  /** What recorders have to reach; unknown while changes are made. */
  private volatile long last = Long.MAX_VALUE;

  @Test
  void recordedWatchesMissAndRepeatNothingThroughKills(@TempDir Path directory) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    Path data = directory.resolve("data");
    server.set(ServerProcess.start(data, ServerProcess.QUICK_START));
    ShadowIndex followed = start("followed");
    var recorders =
        new ArrayList<>(List.of(new WatchRecorder(server::get, followed.getShadowIndexId())));
    for (int i = 0; i < RECORDERS_OF_ALL; i++) {
      recorders.add(new WatchRecorder(server::get, null));
    }
    try (var threads = Executors.newCachedThreadPool()) {
      var recording = new ArrayList<Future<?>>();
      for (WatchRecorder recorder : recorders) {
        var own = new Random(random.nextLong());
        recording.add(threads.submit(() -> recorder.record(own, () -> last)));
      }
      var changing = new ArrayList<Future<?>>();
      for (int i = 0; i < LANES; i++) {
        String branch = "lane-" + i;
        var own = new Random(random.nextLong());
        changing.add(threads.submit(() -> changeUntilDone(branch, own)));
      }
      var own = new Random(random.nextLong());
      changing.add(threads.submit(() -> failAndRetryUntilDone(followed, own)));
      for (int i = 0; i < KILLS; i++) {
        int before = acknowledged.size();
        await()
            .atMost(Duration.ofMinutes(1))
            .until(() -> acknowledged.size() >= before + CHANGES_BEFORE_A_KILL);
        server.get().killAfter(random.nextInt(500));
        server.set(ServerProcess.start(data, ServerProcess.QUICK_START));
      }
      done = true;
      for (Future<?> change : changing) {
        change.get();
      }
      last = start("last").getRevision();
      for (Future<?> record : recording) {
        record.get();
      }
    } finally {
      done = true;
      last = 0;
      server.get().close();
    }
    System.out.printf(
        "%d kills, %,d events, %,d acknowledged changes, %d cuts%n",
        KILLS, last(recorders), acknowledged.size(), cuts(recorders));

    History all = recorders.get(1).history();
    for (WatchRecorder recorder : recorders.subList(1, recorders.size())) {
      recorder.history().assertComplete(recorder.history().revision());
      recorder.history().assertLegal();
    }
    assertThat(recorders.getFirst().history().revisions())
        .isEqualTo(all.revisionsOf(UUID.fromString(followed.getShadowIndexId())));
    acknowledged.forEach((revision, id) -> assertThat(all.buildAt(revision)).hasToString(id));
  }

  @Test
  void whatWorkersReportedAndWhoIsLostSurviveKills(@TempDir Path directory) throws Exception {
    Path data = directory.resolve("data");
    var environment = new HashMap<>(ServerProcess.QUICK_START);
    environment.put("SHADOWINDEX_LEASE", "4s");
    server.set(ServerProcess.start(data, environment));
    try {
      ShadowIndex build = start("main");
      report(build, "lost", 10);
      report(build, "alive", 50);
      killAndRestart(data, environment);

      assertThat(get(build).getBuildProgressPercent()).isEqualTo(30);
      report(build, "alive", 70);
      assertThat(get(build).getBuildProgressPercent()).isEqualTo(40);
      await()
          .until(
              () -> {
                report(build, "alive", 70);
                return get(build).getLostWorkerIdsList().equals(List.of("lost"));
              });
      killAndRestart(data, environment);

      assertThat(get(build).getStalled()).isTrue();
      assertThat(get(build).getLostWorkerIdsList()).containsExactly("lost");
      assertThat(get(build).getBuildProgressPercent()).isEqualTo(40);
      report(build, "lost", 30);
      await()
          .until(
              () -> {
                report(build, "alive", 70);
                return !get(build).getStalled();
              });
      assertThat(get(build).getBuildProgressPercent()).isEqualTo(50);
    } finally {
      server.get().close();
    }
  }

  /** What was reported is stored a quarter of a second later, where the processor is free. */
  private void killAndRestart(Path data, Map<String, String> environment) throws Exception {
    server.get().killAfter(1500);
    server.set(ServerProcess.start(data, environment));
  }

  private static long last(List<WatchRecorder> recorders) {
    return recorders.stream()
        .mapToLong(recorder -> recorder.history().revision())
        .max()
        .orElseThrow();
  }

  private static int cuts(List<WatchRecorder> recorders) {
    return recorders.stream().mapToInt(recorder -> recorder.cuts()).sum();
  }

  /** Moves the newest build of a branch on, from whatever state a kill has left it in. */
  private @Nullable Void changeUntilDone(String branch, Random random) throws IOException {
    var newest = ListShadowIndexesRequest.newBuilder().setBranchName(branch).setPageSize(1).build();
    start(branch);
    while (!done) {
      ShadowIndex build =
          answered(stub -> stub.listShadowIndexes(newest)).getShadowIndexesList().getFirst();
      try {
        change(build, random);
      } catch (StatusRuntimeException e) {
        if (!ServerProcess.isLost(e)) {
          throw e;
        }
      }
    }
    return null;
  }

  private void change(ShadowIndex build, Random random) throws IOException {
    switch (build.getState()) {
      case BUILDING -> changeBuilding(build, random);
      case BUILT -> {
        var request =
            SwitchIndexRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build();
        told(server.get().stub().switchIndex(request).getShadowIndex());
      }
      case FAILED -> {
        if (random.nextBoolean()) {
          retry(build);
        } else {
          var request =
              CancelBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build();
          told(server.get().stub().cancelBuild(request).getShadowIndex());
        }
      }
      default ->
          told(
              server.get().stub().startBuild(startRequest(build.getBranchName())).getShadowIndex());
    }
  }

  private void changeBuilding(ShadowIndex build, Random random) throws IOException {
    ShadowIndexServiceBlockingStub stub = server.get().stub();
    String id = build.getShadowIndexId();
    switch (random.nextInt(5)) {
      case 0 -> {
        told(
            stub.pauseBuild(PauseBuildRequest.newBuilder().setShadowIndexId(id).build())
                .getShadowIndex());
        told(
            stub.resumeBuild(ResumeBuildRequest.newBuilder().setShadowIndexId(id).build())
                .getShadowIndex());
      }
      case 1 ->
          told(
              stub.claimBuild(
                      ClaimBuildRequest.newBuilder().setShadowIndexId(id).setForce(true).build())
                  .getShadowIndex());
      case 2 -> fail(build);
      default -> {
        report(build, "", build.getBuildProgressPercent());
        TestServer.write(build, "segment", id);
        told(
            stub.completeBuild(
                    CompleteBuildRequest.newBuilder()
                        .setShadowIndexId(id)
                        .setRecordCount(1)
                        .build())
                .getShadowIndex());
      }
    }
  }

  private @Nullable Void failAndRetryUntilDone(ShadowIndex build, Random random) {
    while (!done) {
      try {
        switch (get(build).getState()) {
          case BUILDING -> fail(build);
          case FAILED -> retry(build);
          default -> LockSupport.parkNanos(random.nextInt(1_000_000));
        }
      } catch (StatusRuntimeException e) {
        if (!ServerProcess.isLost(e)) {
          throw e;
        }
      }
    }
    return null;
  }

  private void fail(ShadowIndex build) {
    var request =
        FailBuildRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setErrorMessage("on purpose")
            .build();
    told(server.get().stub().failBuild(request).getShadowIndex());
  }

  private void retry(ShadowIndex build) {
    var request = RetryBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build();
    told(server.get().stub().retryBuild(request).getShadowIndex());
  }

  private ShadowIndex start(String branch) {
    StartBuildRequest request = startRequest(branch);
    return told(answered(stub -> stub.startBuild(request)).getShadowIndex());
  }

  private static StartBuildRequest startRequest(String branch) {
    return StartBuildRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .addResourceTypes("object_type")
        .setRequestId(UUID.randomUUID().toString())
        .build();
  }

  private ShadowIndex get(ShadowIndex build) {
    var request =
        GetShadowIndexRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build();
    return answered(stub -> stub.getShadowIndex(request)).getShadowIndex();
  }

  private void report(ShadowIndex build, String worker, int percent) {
    var request =
        ReportProgressRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setWorkerId(worker)
            .setProgressPercent(percent)
            .build();
    var _ = server.get().stub().reportProgress(request);
  }

  private ShadowIndex told(ShadowIndex answer) {
    acknowledged.put(answer.getRevision(), answer.getShadowIndexId());
    return answer;
  }

  /** Asks whatever server there is until one answers. */
  private <R> R answered(Function<ShadowIndexServiceBlockingStub, R> call) {
    while (true) {
      try {
        return call.apply(server.get().stub());
      } catch (StatusRuntimeException e) {
        if (!ServerProcess.isLost(e)) {
          throw e;
        }
        LockSupport.parkNanos(20_000_000); // as a client pauses before it asks again
      }
    }
  }
}
