package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.testing.ServerProcess;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.Index;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real server process is killed again and again while clients change the state of builds and a
 * reader reads. Nothing acknowledged may be lost, no read may fail, and everything must be usable
 * afterwards.
 */
final class KillIT {

  private static final int KILLS = Integer.getInteger("shadowindex.kills", 100);
  private static final int LANES = 2;
  private static final int CLIENTS = 4;

  /** A hundred starts are most of this test's time, and a short life needs no better compiler. */
  private static final Map<String, String> QUICK_START =
      Map.of("SHADOWINDEX_JAVA_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");

  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicInteger kills = new AtomicInteger();
  private final Queue<String> violations = new ConcurrentLinkedQueue<>();

  @Test
  void nothingAcknowledgedIsLostAndNoReadFails(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path directory) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    try (var lanes = Executors.newFixedThreadPool(LANES)) {
      var results = new ArrayList<Future<?>>();
      for (int i = 0; i < LANES; i++) {
        Path data = directory.resolve("data-" + i);
        var laneRandom = new Random(random.nextLong());
        results.add(lanes.submit(() -> killAndRestart(data, laneRandom)));
      }
      for (Future<?> result : results) {
        result.get();
      }
    }
    System.out.printf(
        "%d kills, %d acknowledged, %d reads, %d violations%n",
        KILLS, acknowledged.get(), reads.get(), violations.size());
    assertThat(violations).isEmpty();
    assertThat(acknowledged).hasValueGreaterThan(KILLS);
    assertThat(reads).hasValueGreaterThan(KILLS);
  }

  /** One server that is killed its share of times, with its clients and its reader. */
  private @Nullable Void killAndRestart(Path data, Random random) throws Exception {
    var clients = new ArrayList<Client>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(new Client("branch-" + i, new Random(random.nextLong())));
    }
    var done = new AtomicBoolean();
    Thread reader = Thread.ofPlatform().start(() -> readUntil(done, data, clients));
    while (kills.incrementAndGet() <= KILLS && violations.isEmpty()) {
      try (ServerProcess server = ServerProcess.start(data, QUICK_START)) {
        clients.forEach(client -> client.checkAfterRestart(server.stub()));
        List<Thread> working = new ArrayList<>();
        var firstAnswers = new CountDownLatch(CLIENTS);
        for (Client client : clients) {
          working.add(Thread.ofVirtual().start(() -> client.workUntilKilled(server, firstAnswers)));
        }
        assertThat(firstAnswers.await(30, TimeUnit.SECONDS)).isTrue();
        pause(random.nextInt(500));
        server.kill();
        for (Thread thread : working) {
          thread.join();
        }
      }
    }
    try (ServerProcess server = ServerProcess.start(data, QUICK_START)) {
      clients.forEach(client -> client.checkAfterRestart(server.stub()));
    }
    done.set(true);
    reader.join();
    return null;
  }

  /** Lets the clients work for a while: the moment of the kill is the point of the test. */
  private static void pause(int millis) throws InterruptedException {
    var _ = new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
  }

  /** Reads all indexes in turn, a thousand times a second, leaving the processor to the server. */
  private void readUntil(AtomicBoolean done, Path data, List<Client> clients) {
    var seen = new HashSet<String>();
    while (!done.get()) {
      for (Client client : clients) {
        read(data, client.branch, seen);
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  private void read(Path data, String branch, Set<String> seen) {
    Path link = data.resolve("index/live").resolve(branch).resolve("SEARCH_INDEX/default");
    try {
      Path generation = link.toRealPath();
      String id = Files.readString(generation.resolve("segment"));
      if (!generation.getFileName().toString().equals(id)) {
        violations.add(branch + " is live with the files of " + id);
      }
      seen.add(branch);
      reads.incrementAndGet();
    } catch (IOException e) {
      if (seen.contains(branch)) {
        violations.add("read failed: " + e);
      }
    }
  }

  /** One client that changes one index, one call at a time, and remembers what it was told. */
  private final class Client {
    private final String branch;
    private final Random random;

    /** The newest answer; null before the first. */
    private @Nullable ShadowIndex told;

    /** The state that the call under way would lead to; null when none is. */
    private @Nullable State asked;

    Client(String branch, Random random) {
      this.branch = branch;
      this.random = random;
    }

    void workUntilKilled(ServerProcess server, CountDownLatch firstAnswer) {
      try {
        while (true) {
          step(server.stub());
          acknowledged.incrementAndGet();
          firstAnswer.countDown();
        }
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() != Code.UNAVAILABLE) {
          violations.add(branch + " was refused: " + e);
        }
      } catch (IOException e) {
        violations.add(branch + " could not write: " + e);
      } finally {
        firstAnswer.countDown();
      }
    }

    private void step(ShadowIndexServiceBlockingStub stub) throws IOException {
      ShadowIndex build = told;
      if (build == null) {
        asked = State.BUILDING;
        told = start(stub);
      } else {
        String id = build.getShadowIndexId();
        switch (build.getState()) {
          case BUILDING -> {
            if (random.nextInt(10) == 0) {
              asked = State.FAILED;
              told =
                  stub.failBuild(
                          FailBuildRequest.newBuilder()
                              .setShadowIndexId(id)
                              .setErrorMessage("on purpose")
                              .build())
                      .getShadowIndex();
            } else {
              TestServer.write(build, "segment", id);
              asked = State.BUILT;
              told =
                  stub.completeBuild(
                          CompleteBuildRequest.newBuilder()
                              .setShadowIndexId(id)
                              .setRecordCount(1)
                              .build())
                      .getShadowIndex();
            }
          }
          case BUILT -> {
            asked = State.ACTIVE;
            SwitchIndexResponse response =
                stub.switchIndex(
                    SwitchIndexRequest.newBuilder()
                        .setShadowIndexId(id)
                        .setBackupCurrent(true)
                        .build());
            if (!response.getSuccess()) {
              violations.add(branch + " was not switched: " + response.getMessage());
            }
            told = response.getShadowIndex();
          }
          case FAILED -> {
            if (random.nextBoolean()) {
              asked = State.BUILDING;
              told =
                  stub.retryBuild(RetryBuildRequest.newBuilder().setShadowIndexId(id).build())
                      .getShadowIndex();
            } else {
              asked = State.CANCELLED;
              told =
                  stub.cancelBuild(CancelBuildRequest.newBuilder().setShadowIndexId(id).build())
                      .getShadowIndex();
            }
          }
          case ACTIVE, CANCELLED -> {
            asked = State.BUILDING;
            told = start(stub);
          }
          default -> violations.add(branch + " is in state " + build.getState());
        }
      }
      asked = null;
    }

    private ShadowIndex start(ShadowIndexServiceBlockingStub stub) {
      return stub.startBuild(
              StartBuildRequest.newBuilder()
                  .setBranchName(branch)
                  .setIndexType(IndexType.Enum.SEARCH_INDEX)
                  .addResourceTypes("object_type-" + branch)
                  .build())
          .getShadowIndex();
    }

    /** What the client was told must be so, or what it had asked for when the server was killed. */
    void checkAfterRestart(ShadowIndexServiceBlockingStub stub) {
      ShadowIndex before = told;
      if (before == null) {
        return;
      }
      Index index =
          stub.getIndex(
                  GetIndexRequest.newBuilder()
                      .setBranchName(branch)
                      .setIndexType(IndexType.Enum.SEARCH_INDEX)
                      .build())
              .getIndex();
      ShadowIndex now = find(stub, before.getShadowIndexId());
      if (now == null) {
        violations.add(
            "%s: %s was acknowledged %s, revision %d, and is gone; the index has %s"
                .formatted(
                    branch,
                    before.getShadowIndexId(),
                    before.getState(),
                    before.getRevision(),
                    index));
        return;
      }
      boolean asTold = now.getState() == before.getState();
      boolean asAsked = asked != null && now.getState() == asked;
      // A start that was cut off leaves the new build FAILED or BUILDING and this one as it was; a
      // retry that was cut off while it prepared leaves this one FAILED.
      if (!asTold && !asAsked) {
        violations.add(
            "%s: %s was acknowledged %s, asked %s, is %s"
                .formatted(
                    branch, before.getShadowIndexId(), before.getState(), asked, now.getState()));
      }
      if (before.getState() == State.ACTIVE || now.getState() == State.ACTIVE) {
        String active = index.getActiveGeneration().getShadowIndexId();
        if (!active.equals(now.getShadowIndexId())) {
          violations.add("%s: %s is active instead of %s".formatted(branch, active, now));
        }
      }
      if (index.hasActiveGeneration()) {
        checkLink(index);
      }
      told = index.hasLiveBuild() ? index.getLiveBuild() : now;
      asked = null;
    }

    private void checkLink(Index index) {
      try {
        Path target = Path.of(index.getCurrentIndexPath()).toRealPath();
        Path expected = Path.of(index.getActiveGeneration().getShadowIndexPath()).toRealPath();
        if (!target.equals(expected)) {
          violations.add(branch + ": the link leads to " + target + " instead of " + expected);
        }
      } catch (IOException e) {
        violations.add(branch + ": the link leads nowhere: " + e);
      }
    }

    private static @Nullable ShadowIndex find(ShadowIndexServiceBlockingStub stub, String id) {
      try {
        return stub.getShadowIndex(GetShadowIndexRequest.newBuilder().setShadowIndexId(id).build())
            .getShadowIndex();
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() == Code.NOT_FOUND) {
          return null;
        }
        throw e;
      }
    }
  }
}
