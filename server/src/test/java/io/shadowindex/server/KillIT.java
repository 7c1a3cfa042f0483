package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.testing.Samples;
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
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.SwitchStrategy;
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
 * Real server processes are killed again and again while clients change the state of builds and
 * readers read. Nothing acknowledged may be lost, no read may miss, and everything must be usable
 * afterwards.
 */
final class KillIT {

  private static final int KILLS = Integer.getInteger("shadowindex.kills", 100);
  private static final int LANES = 2;
  private static final int CLIENTS = 4;
  private static final int READERS_PER_LANE = 2;

  /** One in that many kills hits a server that is still starting, perhaps in its recovery. */
  private static final int KILLS_PER_KILL_AT_START = 5;

  private static final List<String> FILES = List.of("segments", "terms", "sub/postings");

  /** One in that many indexes is served from a copy. */
  private static final int INDEXES_PER_COPY = 4;

  private static final int START_MILLIS = 1500;

  /** Starts are most of this test's time, and a short life needs no better compiler. */
  private static final Map<String, String> QUICK_START =
      Map.of("SHADOWINDEX_JAVA_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xms200m -Xmn150m");

  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicInteger killsLeft = new AtomicInteger(KILLS);
  private final AtomicInteger kills = new AtomicInteger();
  private final AtomicInteger killsAtStart = new AtomicInteger();
  private final Queue<String> lost = new ConcurrentLinkedQueue<>();
  private final Queue<String> misses = new ConcurrentLinkedQueue<>();
  private final Queue<String> unusable = new ConcurrentLinkedQueue<>();
  private final Samples lockHeld = new Samples();
  private final Samples startToListening = new Samples();
  private final Samples recovery = new Samples();

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
        "%d kills (%d during a start), %d acknowledged, %d lost, %d unusable, %d reads, %d misses%n",
        kills.get(),
        killsAtStart.get(),
        acknowledged.get(),
        lost.size(),
        unusable.size(),
        reads.get(),
        misses.size());
    System.out.println("lock held: " + lockHeld);
    System.out.println("process start to listening: " + startToListening);
    System.out.println("recovery of it: " + recovery);
    assertThat(lost).isEmpty();
    assertThat(misses).isEmpty();
    assertThat(unusable).isEmpty();
    assertThat(kills).hasValue(KILLS);
    assertThat(acknowledged).hasValueGreaterThan(KILLS);
    assertThat(reads).hasValueGreaterThan(KILLS);
  }

  /** One server that is killed its share of times, with its clients and its readers. */
  private @Nullable Void killAndRestart(Path data, Random random) throws Exception {
    var clients = new ArrayList<Client>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(new Client("branch-" + i, new Random(random.nextLong())));
    }
    var done = new AtomicBoolean();
    var readers = new ArrayList<Thread>();
    for (int i = 0; i < READERS_PER_LANE; i++) {
      readers.add(Thread.ofPlatform().start(() -> readUntil(done, data, clients)));
    }
    try {
      while (killsLeft.getAndDecrement() > 0 && nothingWentWrong()) {
        if (random.nextInt(KILLS_PER_KILL_AT_START) == 0) {
          killWhileStarting(data, random);
        } else {
          killAtWork(data, clients, random);
        }
        kills.incrementAndGet();
      }
      try (ServerProcess server = start(data)) {
        clients.forEach(client -> client.checkAfterRestart(server.stub()));
      }
    } finally {
      done.set(true);
      for (Thread reader : readers) {
        reader.join();
      }
    }
    return null;
  }

  private boolean nothingWentWrong() {
    return lost.isEmpty() && misses.isEmpty() && unusable.isEmpty();
  }

  private void killWhileStarting(Path data, Random random) throws Exception {
    Process starting = ServerProcess.launch(data, QUICK_START);
    var _ = starting.waitFor(random.nextInt(START_MILLIS), TimeUnit.MILLISECONDS);
    starting.destroyForcibly().waitFor();
    killsAtStart.incrementAndGet();
  }

  private void killAtWork(Path data, List<Client> clients, Random random) throws Exception {
    try (ServerProcess server = start(data)) {
      clients.forEach(client -> client.checkAfterRestart(server.stub()));
      List<Thread> working = new ArrayList<>();
      var firstAnswers = new CountDownLatch(CLIENTS);
      for (Client client : clients) {
        working.add(Thread.ofVirtual().start(() -> client.workUntilKilled(server, firstAnswers)));
      }
      assertThat(firstAnswers.await(30, TimeUnit.SECONDS)).isTrue();
      server.killAfter(random.nextInt(500));
      for (Thread thread : working) {
        thread.join();
      }
    }
  }

  private ServerProcess start(Path data) throws IOException {
    ServerProcess server = ServerProcess.start(data, QUICK_START);
    startToListening.add(server.startToListening());
    recovery.add(server.recovery());
    return server;
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
      for (String file : FILES) {
        String id = Files.readString(generation.resolve(file));
        if (!generation.getFileName().toString().equals(id)) {
          misses.add(branch + " is live with the files of " + id);
        }
      }
      seen.add(branch);
      reads.incrementAndGet();
    } catch (IOException e) {
      if (seen.contains(branch)) {
        misses.add("read failed: " + e);
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
          unusable.add(branch + " was refused: " + e);
        }
      } catch (IOException e) {
        unusable.add(branch + " could not write: " + e);
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
              for (String file : FILES) {
                TestServer.write(build, file, id);
              }
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
              unusable.add(branch + " was not switched: " + response.getMessage());
            }
            lockHeld.addMicros(response.getLockHeldMicros());
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
          case ACTIVE -> {
            asked = State.CLEANUP;
            ShadowIndex previous = random.nextInt(5) == 0 ? rollBack(stub) : null;
            asked = State.BUILDING;
            told = previous == null ? start(stub) : previous;
          }
          case CANCELLED -> {
            asked = State.BUILDING;
            told = start(stub);
          }
          default -> unusable.add(branch + " is in state " + build.getState());
        }
      }
      asked = null;
    }

    /** The generation that is live after a rollback; null when there is none to go back to. */
    private @Nullable ShadowIndex rollBack(ShadowIndexServiceBlockingStub stub) {
      try {
        RollbackIndexResponse response =
            stub.rollbackIndex(
                RollbackIndexRequest.newBuilder()
                    .setBranchName(branch)
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .build());
        if (!response.getSuccess()) {
          unusable.add(branch + " was not rolled back: " + response.getMessage());
        }
        lockHeld.addMicros(response.getLockHeldMicros());
        return response.getShadowIndex();
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() == Code.FAILED_PRECONDITION
            && TestServer.reason(e).equals("NO_PREVIOUS_GENERATION")) {
          return null;
        }
        throw e;
      }
    }

    private ShadowIndex start(ShadowIndexServiceBlockingStub stub) {
      return stub.startBuild(
              StartBuildRequest.newBuilder()
                  .setBranchName(branch)
                  .setIndexType(IndexType.Enum.SEARCH_INDEX)
                  .addResourceTypes("object_type-" + branch)
                  .setSwitchStrategy(
                      random.nextInt(INDEXES_PER_COPY) == 0
                          ? SwitchStrategy.Enum.COPY_AND_REPLACE
                          : SwitchStrategy.Enum.ATOMIC_RENAME)
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
        lost.add(
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
        lost.add(
            "%s: %s was acknowledged %s, asked %s, is %s"
                .formatted(
                    branch, before.getShadowIndexId(), before.getState(), asked, now.getState()));
      }
      boolean active =
          index.getActiveGeneration().getShadowIndexId().equals(now.getShadowIndexId());
      if (active != (now.getState() == State.ACTIVE)) {
        lost.add("%s: %s is live although this is so: %s".formatted(branch, index, now));
      }
      if (index.hasActiveGeneration()) {
        checkLink(index);
      }
      ShadowIndex current = now.getState() == State.CLEANUP ? index.getActiveGeneration() : now;
      told = index.hasLiveBuild() ? index.getLiveBuild() : current;
      asked = null;
    }

    private void checkLink(Index index) {
      try {
        Path target = Path.of(index.getCurrentIndexPath()).toRealPath();
        ShadowIndex expected = index.getActiveGeneration();
        boolean copied = expected.getSwitchStrategy() == SwitchStrategy.Enum.COPY_AND_REPLACE;
        if (!target.endsWith(Path.of(copied ? "serve" : "builds", expected.getShadowIndexId()))) {
          lost.add(branch + ": the link leads to " + target + " instead of " + expected);
        }
      } catch (IOException e) {
        lost.add(branch + ": the link leads nowhere: " + e);
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
