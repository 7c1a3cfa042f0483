package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.testing.IndexClient;
import io.shadowindex.server.testing.Samples;
import io.shadowindex.server.testing.ServerProcess;
import java.io.IOException;
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

  private static final int START_MILLIS = 1500;

  /** Starts are most of this test's time, and a short life needs no better compiler. */
  private static final Map<String, String> QUICK_START =
      Map.of("SHADOWINDEX_JAVA_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xms200m -Xmn150m");

  private final IndexClient.Findings findings = new IndexClient.Findings();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicInteger killsLeft = new AtomicInteger(KILLS);
  private final AtomicInteger kills = new AtomicInteger();
  private final AtomicInteger killsAtStart = new AtomicInteger();
  private final Queue<String> misses = new ConcurrentLinkedQueue<>();
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
        findings.acknowledged(),
        findings.lost().size(),
        findings.unusable().size(),
        reads.get(),
        misses.size());
    System.out.println("lock held: " + findings.lockHeld());
    System.out.println("process start to listening: " + startToListening);
    System.out.println("recovery of it: " + recovery);
    assertThat(findings.lost()).isEmpty();
    assertThat(misses).isEmpty();
    assertThat(findings.unusable()).isEmpty();
    assertThat(kills).hasValue(KILLS);
    assertThat(findings.acknowledged()).isGreaterThan(KILLS);
    assertThat(reads).hasValueGreaterThan(KILLS);
  }

  /** One server that is killed its share of times, with its clients and its readers. */
  private @Nullable Void killAndRestart(Path data, Random random) throws Exception {
    var clients = new ArrayList<IndexClient>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(new IndexClient("branch-" + i, new Random(random.nextLong()), findings));
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
    return findings.lost().isEmpty() && misses.isEmpty() && findings.unusable().isEmpty();
  }

  private void killWhileStarting(Path data, Random random) throws Exception {
    Process starting = ServerProcess.launch(data, QUICK_START);
    var _ = starting.waitFor(random.nextInt(START_MILLIS), TimeUnit.MILLISECONDS);
    starting.destroyForcibly().waitFor();
    killsAtStart.incrementAndGet();
  }

  private void killAtWork(Path data, List<IndexClient> clients, Random random) throws Exception {
    try (ServerProcess server = start(data)) {
      clients.forEach(client -> client.checkAfterRestart(server.stub()));
      List<Thread> working = new ArrayList<>();
      var firstAnswers = new CountDownLatch(CLIENTS);
      for (IndexClient client : clients) {
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
  private void readUntil(AtomicBoolean done, Path data, List<IndexClient> clients) {
    var seen = new HashSet<String>();
    while (!done.get()) {
      for (IndexClient client : clients) {
        read(data, client.branch(), seen);
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  private void read(Path data, String branch, Set<String> seen) {
    Path link = data.resolve("index/live").resolve(branch).resolve("SEARCH_INDEX/default");
    try {
      Path generation = link.toRealPath();
      Set<String> builds = IndexClient.buildsIn(generation);
      if (!builds.equals(Set.of(generation.getFileName().toString()))) {
        misses.add(branch + " is live with the files of " + builds);
      }
      seen.add(branch);
      reads.incrementAndGet();
    } catch (IOException e) {
      if (seen.contains(branch)) {
        misses.add("read failed: " + e);
      }
    }
  }
}
