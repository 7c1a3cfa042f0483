package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.lock.LockHistory;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.Samples;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.LockServiceGrpc.LockServiceBlockingStub;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ShadowIndex;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The proofs of locks over gRPC, in small; {@code make lock-test} runs them at full size.
 *
 * <p>{@code -Dshadowindex.lock.operations}, {@code .lock.pauses}, {@code .lock.rebuilds} set the
 * sizes; {@code .lock.blocked.ms} and {@code .lock.blocked.p99.ms} how long a developer may be kept
 * out; {@code .lock.rehearsed} whether the server rehearses switches first, as in production;
 * {@code .lock.warmup} how many rebuilds do not count, because server and developers share a JVM
 * that has compiled little yet; {@code .lock.alone.ms} for how long developers work before the
 * first rebuild that counts.
 */
final class LockProofTest {

  private static final int CLIENTS = 8;
  private static final int OPERATIONS = Integer.getInteger("shadowindex.lock.operations", 1500);
  private static final int PAUSES = Integer.getInteger("shadowindex.lock.pauses", 60);
  private static final int REBUILDS = Integer.getInteger("shadowindex.lock.rebuilds", 5);
  private static final boolean REHEARSED = Boolean.getBoolean("shadowindex.lock.rehearsed");
  private static final int WARM_UP = Integer.getInteger("shadowindex.lock.warmup", 0);
  private static final int ALONE_MILLIS = Integer.getInteger("shadowindex.lock.alone.ms", 200);
  private static final int BLOCKED_MILLIS = Integer.getInteger("shadowindex.lock.blocked.ms", 2000);
  private static final int BLOCKED_P99_MILLIS =
      Integer.getInteger("shadowindex.lock.blocked.p99.ms", 2000);
  private static final int FREEZES = 2;
  private static final int FROZEN_MILLIS = 250;
  private static final int DEVELOPERS = 20;
  private static final long SEED = Long.getLong("seed", System.nanoTime());

  @Test
  void eightClientsNeverHoldWhatExcludesEachOther(@TempDir Path directory) throws Exception {
    System.out.println("locks over gRPC, seed " + SEED);
    var history = new LockHistory();
    var done = new AtomicInteger();
    try (var server = TestServer.start(directory);
        var threads = Executors.newFixedThreadPool(CLIENTS)) {
      var running = new ArrayList<Future<?>>();
      for (int i = 0; i < CLIENTS; i++) {
        var random = new Random(SEED + i);
        String owner = "client-" + i;
        running.add(threads.submit(() -> lockAndRelease(server, owner, random, history, done)));
      }
      for (Future<?> client : running) {
        client.get();
      }
      assertThat(server.lockedResourceTypes("main")).isEmpty();
    }
    System.out.printf("%d operations of %d clients, %s%n", done.get(), CLIENTS, history);
    assertThat(history.violations()).isEmpty();
  }

  private static void lockAndRelease(
      TestServer server, String owner, Random random, LockHistory history, AtomicInteger done) {
    ManagedChannel channel = channel(server);
    try {
      while (done.addAndGet(2) <= OPERATIONS) {
        LockName name = LockHistory.anyName(random);
        LockMode mode = random.nextInt(3) == 0 ? LockMode.EXCLUSIVE : LockMode.SHARED;
        Lock lock = stub(channel).acquireLock(request(name, mode, owner, 60, 25)).getLock();
        long entry = history.enter(name, mode, lock.getFencingToken());
        if (random.nextInt(3) == 0) { // hold it for a while
          askWhetherToWrite(stub(channel));
        }
        history.leave(entry);
        release(stub(channel), lock);
      }
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void aHolderPausedPastItsTimeWritesNothingUnderItsOldToken(@TempDir Path directory)
      throws Exception {
    var accepted = new AtomicInteger();
    try (var server = TestServer.start(directory);
        var threads = Executors.newFixedThreadPool(40)) {
      var running = new ArrayList<Future<?>>();
      for (int i = 0; i < PAUSES; i++) {
        LockName name = LockName.resource("main", "object_type", "resource-" + i);
        running.add(threads.submit(() -> pausePastTheEnd(server, name, accepted)));
      }
      for (Future<?> pause : running) {
        pause.get();
      }
    }
    System.out.printf("%d pauses, %d stale writes accepted%n", PAUSES, accepted.get());
    assertThat(accepted).hasValue(0);
  }

  private static void pausePastTheEnd(TestServer server, LockName name, AtomicInteger accepted) {
    Lock paused =
        server.locks().acquireLock(request(name, LockMode.EXCLUSIVE, "paused", 1, 0)).getLock();
    Lock next =
        server.locks().acquireLock(request(name, LockMode.EXCLUSIVE, "next", 60, 25)).getLock();
    if (mayWrite(server, name, paused)) {
      accepted.incrementAndGet();
    }
    assertThat(mayWrite(server, name, next)).isTrue();
    assertThat(next.getFencingToken()).isGreaterThan(paused.getFencingToken());
    release(server.locks(), next);
  }

  private static boolean mayWrite(TestServer server, LockName name, Lock lock) {
    var request =
        CheckWritePermissionRequest.newBuilder()
            .setBranchName(name.branchName())
            .setResourceType(name.resourceTypes().getFirst())
            .setResourceId(name.resourceId())
            .setLockId(lock.getLockId())
            .setOwner(lock.getOwner())
            .setFencingToken(lock.getFencingToken())
            .build();
    var refused =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> server.locks().checkWritePermission(request));
    if (refused != null) {
      assertThat(TestServer.reason(refused)).isEqualTo("LEASE_LOST");
    }
    return refused == null;
  }

  @Test
  void developersHardlyNoticeRebuildsAndNobodyWritesUnderAFlip(@TempDir Path directory)
      throws Exception {
    var flips = new Flips();
    Environment real = Environment.real();
    var config = TestServer.config(directory).with(Settings.REHEARSE, REHEARSED);
    try (var server = TestServer.start(config, new Environment(real.clock(), real.files(), flips));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      await().atMost(Duration.ofMinutes(1)).until(LockProofTest::isRehearsed);
      var team = new Team(server, flips, threads);
      for (int i = 0; i < WARM_UP; i++) {
        var _ = server.switchTo(server.built("main"));
      }
      var alone = List.of(Span.of(() -> Thread.sleep(ALONE_MILLIS))); // time is what it measures
      var lockHeld = new Samples();
      var switches = new ArrayList<Span>();
      for (int i = 0; i < REBUILDS; i++) {
        ShadowIndex build = server.built("main");
        Span call = Span.of(() -> lockHeld.addMicros(server.switchTo(build).getLockHeldMicros()));
        switches.add(new Span(flips.stagedAt(), call.to()));
      }
      var freezes = new ArrayList<Span>();
      for (int i = 0; i < FREEZES; i++) {
        freezes.add(Span.of(() -> buildFrozen(server)));
      }
      team.stopWorking();

      Samples switched = team.waitsIn(switches);
      Samples frozen = team.waitsIn(freezes);
      System.out.printf(
          """
          %d developers, %d writes; how long each waited for its lease:
            while nobody indexes                      %s
            while %3d switches were cut over          %s
            while the branch was frozen for %d ms    %s
          the switches held their locks for           %s
          """,
          DEVELOPERS,
          team.writes(),
          team.waitsIn(alone),
          REBUILDS,
          switched,
          FROZEN_MILLIS,
          frozen,
          lockHeld);
      assertThat(flips.written()).isZero();
      assertThat(switched.quantile(1)).isLessThan(Duration.ofMillis(BLOCKED_MILLIS));
      assertThat(switched.quantile(0.99)).isLessThan(Duration.ofMillis(BLOCKED_P99_MILLIS));
    }
  }

  /** The server warms up in the background, as it does in production. */
  private static boolean isRehearsed() {
    return Thread.getAllStackTraces().keySet().stream()
        .noneMatch(thread -> thread.getName().equals("rehearsal"));
  }

  /** The traditional way: the branch is locked while the index is built. */
  private static void buildFrozen(TestServer server) throws InterruptedException {
    LockName branch = LockName.branch("main");
    Lock lock =
        server
            .locks()
            .acquireLock(request(branch, LockMode.EXCLUSIVE, "indexer", 60, 25))
            .getLock();
    Thread.sleep(FROZEN_MILLIS); // the build
    release(server.locks(), lock);
  }

  /** From FLIP to COMMIT nobody may be writing. */
  private static final class Flips implements SwitchStep.Observer {
    private final AtomicBoolean flipping = new AtomicBoolean();
    private final AtomicInteger writing = new AtomicInteger();
    private final AtomicInteger written = new AtomicInteger();
    private volatile long stagedAt;

    @Override
    public void before(SwitchStep step) {
      if (step == SwitchStep.STAGE) {
        stagedAt = System.nanoTime();
      }
      if (step == SwitchStep.FLIP) {
        flipping.set(true);
      }
      if (flipping.get() && writing.get() > 0) {
        written.incrementAndGet();
      }
      if (step == SwitchStep.COMMIT) {
        flipping.set(false);
      }
    }

    void write() {
      writing.incrementAndGet();
      if (flipping.get()) {
        written.incrementAndGet();
      }
      writing.decrementAndGet();
    }

    /** When the last switch was ready to ask for its lock. */
    long stagedAt() {
      return stagedAt;
    }

    int written() {
      return written.get();
    }
  }

  /** A time in which something went on. */
  private record Span(long from, long to) {
    /** What goes on. */
    private interface Work {
      void run() throws Exception;
    }

    static Span of(Work work) throws Exception {
      long from = System.nanoTime();
      work.run();
      return new Span(from, System.nanoTime());
    }

    boolean overlaps(Span other) {
      return from - other.to < 0 && other.from - to < 0;
    }

    Duration length() {
      return Duration.ofNanos(to - from);
    }
  }

  /** Developers who write at a steady rate, and how long each write waited for its lease. */
  private static final class Team {
    private static final long PACE = TimeUnit.MILLISECONDS.toNanos(100);
    private static final LockName OBJECTS = LockName.resourceTypes("main", List.of("object_type"));

    private final TestServer server;
    private final Flips flips;
    private final Queue<Span> waits = new ConcurrentLinkedQueue<>();
    private final List<Future<?>> working = new ArrayList<>();
    private final AtomicBoolean over = new AtomicBoolean();

    Team(TestServer server, Flips flips, ExecutorService threads) {
      this.server = server;
      this.flips = flips;
      for (int i = 0; i < DEVELOPERS; i++) {
        String owner = "developer-" + i;
        long begin = PACE * i / DEVELOPERS;
        working.add(threads.submit(() -> work(owner, begin)));
      }
    }

    private void work(String owner, long begin) {
      LockSupport.parkNanos(begin);
      while (!over.get()) {
        long asked = System.nanoTime();
        Lock lease =
            server.locks().acquireLock(request(OBJECTS, LockMode.SHARED, owner, 5, 25)).getLock();
        waits.add(new Span(asked, System.nanoTime()));
        flips.write();
        release(server.locks(), lease);
        LockSupport.parkNanos(PACE);
      }
    }

    void stopWorking() throws Exception {
      over.set(true);
      for (Future<?> developer : working) {
        developer.get();
      }
    }

    int writes() {
      return waits.size();
    }

    /** The waits that overlap one of these times. */
    Samples waitsIn(List<Span> times) {
      var samples = new Samples();
      waits.stream()
          .filter(wait -> times.stream().anyMatch(wait::overlaps))
          .forEach(wait -> samples.add(wait.length()));
      return samples;
    }
  }

  private static void askWhetherToWrite(LockServiceBlockingStub stub) {
    var _ =
        stub.checkWritePermission(
            CheckWritePermissionRequest.newBuilder()
                .setBranchName("main")
                .setResourceType("object_type")
                .build());
  }

  private static AcquireLockRequest request(
      LockName name, LockMode mode, String owner, int ttlSeconds, int waitSeconds) {
    var request =
        AcquireLockRequest.newBuilder()
            .setBranchName(name.branchName())
            .setScope(Lock.Scope.valueOf(name.scope().name()))
            .setResourceId(name.resourceId())
            .setMode(Lock.Mode.valueOf(mode.name()))
            .setOwner(owner)
            .setTtlSeconds(ttlSeconds)
            .setWaitSeconds(waitSeconds);
    if (name.resourceTypes().size() == 1) {
      request.setResourceType(name.resourceTypes().getFirst());
    } else {
      request.addAllResourceTypes(name.resourceTypes());
    }
    return request.build();
  }

  private static void release(LockServiceBlockingStub stub, Lock lock) {
    var _ =
        stub.releaseLock(
            ReleaseLockRequest.newBuilder()
                .setLockId(lock.getLockId())
                .setOwner(lock.getOwner())
                .setFencingToken(lock.getFencingToken())
                .build());
  }

  private static ManagedChannel channel(TestServer server) {
    return NettyChannelBuilder.forAddress("127.0.0.1", server.server().port())
        .usePlaintext()
        .build();
  }

  private static LockServiceBlockingStub stub(ManagedChannel channel) {
    return LockServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }
}
