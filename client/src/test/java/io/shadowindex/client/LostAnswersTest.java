package io.shadowindex.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.shadowindex.client.testing.LossyProxy;
import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections break at random while clients change things; every change is made once. */
final class LostAnswersTest {

  private static final int MUTATIONS = Integer.getInteger("shadowindex.mutations", 300);
  private static final int LANES = 4;

  private final AtomicInteger mutations = new AtomicInteger();
  private final AtomicLong events = new AtomicLong();

  @Test
  void everyMutationIsAnsweredAndNoneIsMadeTwice(@TempDir Path directory) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    try (var server = RunningServer.start(directory);
        var proxy = LossyProxy.start(port(server.address()), seed)) {
      try (var lanes = Executors.newFixedThreadPool(LANES)) {
        var running = new ArrayList<Future<?>>();
        for (int i = 0; i < LANES; i++) {
          String branch = "lane-" + i;
          running.add(lanes.submit(() -> mutate(proxy.address(), branch)));
        }
        for (Future<?> lane : running) {
          lane.get();
        }
      }
      long duplicates = changesOfState(server) - events.get();
      System.out.printf(
          "%d mutations, %d connections broken, %d duplicates%n",
          mutations.get(), proxy.cuts(), duplicates);
      assertThat(duplicates).isZero();
      assertThat(proxy.cuts()).isPositive();
    }
  }

  /** How many the log has. */
  private static long changesOfState(RunningServer server) {
    ShadowIndex last = server.client().startBuild(RunningServer.search("last")).getShadowIndex();
    ManagedChannel channel =
        Grpc.newChannelBuilder(server.address(), InsecureChannelCredentials.create()).build();
    try {
      var everything =
          ShadowIndexServiceGrpc.newBlockingStub(channel)
              .watchBuilds(WatchBuildsRequest.newBuilder().setFromRevision(0).build());
      long changes = 0;
      while (true) {
        WatchBuildsResponse message = everything.next();
        if (message.getShadowIndexId().equals(last.getShadowIndexId())) {
          return changes;
        }
        changes += message.getEvent().hasStateChange() ? 1 : 0;
      }
    } finally {
      channel.shutdownNow();
    }
  }

  /** Each call says how many changes of state it takes. */
  private Void mutate(String address, String branch) throws IOException {
    try (var client = ShadowIndexClient.connect(address)) {
      while (mutations.get() < MUTATIONS) {
        ShadowIndex first = built(client, branch);
        switchTo(client, first, 2);
        ShadowIndex second = built(client, branch);
        switchTo(client, second, 3);
        var rollback =
            RollbackIndexRequest.newBuilder()
                .setBranchName(branch)
                .setIndexType(IndexType.Enum.SEARCH_INDEX);
        var rolledBack = client.rollbackIndex(rollback.build());
        made(2);
        assertThat(rolledBack.getShadowIndex().getShadowIndexId())
            .isEqualTo(first.getShadowIndexId());
        String third = client.startBuild(RunningServer.search(branch)).getShadowIndexId();
        made(2);
        client.cancelBuild(CancelBuildRequest.newBuilder().setShadowIndexId(third).build());
        made(1);
        client.deleteIndex(
            DeleteIndexRequest.newBuilder()
                .setBranchName(branch)
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .build());
        made(1);
        lockAndRelease(client, branch);
      }
    }
    return null;
  }

  /** Taken twice, the lock would be in its own way; left, in that of the next round. */
  private void lockAndRelease(ShadowIndexClient client, String branch) {
    var lock =
        client
            .acquireLock(
                AcquireLockRequest.newBuilder()
                    .setBranchName(branch)
                    .setScope(Lock.Scope.BRANCH)
                    .setOwner(branch)
                    .setTtlSeconds(600)
                    .build())
            .getLock();
    made(0);
    var release =
        ReleaseLockRequest.newBuilder()
            .setLockId(lock.getLockId())
            .setOwner(branch)
            .setFencingToken(lock.getFencingToken());
    assertThat(client.releaseLock(release.build()).hasLock()).isFalse();
    made(0);
  }

  /** A build that fails once and is completed at the second attempt. */
  private ShadowIndex built(ShadowIndexClient client, String branch) throws IOException {
    ShadowIndex build = client.startBuild(RunningServer.search(branch)).getShadowIndex();
    made(2);
    String id = build.getShadowIndexId();
    client.failBuild(
        FailBuildRequest.newBuilder().setShadowIndexId(id).setErrorMessage("failed").build());
    made(1);
    var retried = client.retryBuild(RetryBuildRequest.newBuilder().setShadowIndexId(id).build());
    made(2);
    assertThat(retried.getShadowIndex().getAttempt()).isEqualTo(2);
    Files.writeString(Path.of(build.getShadowIndexPath()).resolve("segment"), "records of " + id);
    var complete = CompleteBuildRequest.newBuilder().setShadowIndexId(id).setRecordCount(1);
    ShadowIndex completed = client.completeBuild(complete.build()).getShadowIndex();
    made(1);
    return completed;
  }

  private void switchTo(ShadowIndexClient client, ShadowIndex build, int takes) {
    var answer =
        client.switchIndex(
            SwitchIndexRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setBackupCurrent(true)
                .build());
    made(takes);
    assertThat(answer.getSuccess()).isTrue();
    assertThat(answer.getLockHeldMicros()).isPositive();
  }

  private void made(int eventsOfIt) {
    mutations.incrementAndGet();
    events.addAndGet(eventsOfIt);
  }

  private static int port(String address) {
    return ServerAddress.parse(address).port();
  }
}
