package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.shadowindex.server.ShadowIndexServer.Environment;
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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
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
 * sizes, {@code .lock.blocked.ms} the longest time a developer may be kept out.
 */
final class LockProofTest {

  private static final int CLIENTS = 8;
  private static final int OPERATIONS = Integer.getInteger("shadowindex.lock.operations", 1500);
  private static final int PAUSES = Integer.getInteger("shadowindex.lock.pauses", 60);
  private static final int REBUILDS = Integer.getInteger("shadowindex.lock.rebuilds", 5);
  private static final int BLOCKED_MILLIS = Integer.getInteger("shadowindex.lock.blocked.ms", 2000);
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
          canWrite(stub(channel), 0);
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
    var flipping = new AtomicBoolean();
    var writing = new AtomicInteger();
    var underFlip = new AtomicInteger();
    var steps = watchFor(flipping, writing, underFlip);
    Environment real = Environment.real();
    var environment = new Environment(real.clock(), real.files(), steps);
    var blocked = new Samples();
    var lockHeld = new Samples();
    var writes = new AtomicInteger();
    var over = new AtomicBoolean();
    try (var server = TestServer.start(TestServer.config(directory), environment);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var working = new ArrayList<Future<?>>();
      for (int i = 0; i < DEVELOPERS; i++) {
        String owner = "developer-" + i;
        working.add(
            threads.submit(
                () -> {
                  while (!over.get()) {
                    writeOnce(server, owner, flipping, writing, underFlip, blocked);
                    writes.incrementAndGet();
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100)); // their pace
                  }
                }));
      }
      for (int i = 0; i < REBUILDS; i++) {
        lockHeld.addMicros(server.switchTo(server.built("main")).getLockHeldMicros());
      }
      over.set(true);
      for (Future<?> developer : working) {
        developer.get();
      }
    }
    System.out.printf(
        "%d developers, %d writes, %d rebuilds: kept out %s; lock held %s%n",
        DEVELOPERS, writes.get(), REBUILDS, blocked, lockHeld);
    assertThat(underFlip).hasValue(0);
    assertThat(blocked.quantile(1)).isLessThan(Duration.ofMillis(BLOCKED_MILLIS));
  }

  /** From FLIP to COMMIT nobody may be writing. */
  private static SwitchStep.Observer watchFor(
      AtomicBoolean flipping, AtomicInteger writing, AtomicInteger underFlip) {
    return step -> {
      if (step == SwitchStep.FLIP) {
        flipping.set(true);
      }
      if (flipping.get() && writing.get() > 0) {
        underFlip.incrementAndGet();
      }
      if (step == SwitchStep.COMMIT) {
        flipping.set(false);
      }
    };
  }

  private static void writeOnce(
      TestServer server,
      String owner,
      AtomicBoolean flipping,
      AtomicInteger writing,
      AtomicInteger underFlip,
      Samples blocked) {
    LockName name = LockName.resourceTypes("main", List.of("object_type"));
    LockServiceBlockingStub stub = server.locks();
    long asked = System.nanoTime();
    boolean open = canWrite(stub, 0);
    Lock lease = stub.acquireLock(request(name, LockMode.SHARED, owner, 5, 25)).getLock();
    blocked.add(open ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - asked));
    writing.incrementAndGet();
    if (flipping.get()) {
      underFlip.incrementAndGet();
    }
    writing.decrementAndGet();
    release(stub, lease);
  }

  private static boolean canWrite(LockServiceBlockingStub stub, int waitSeconds) {
    return stub.checkWritePermission(
            CheckWritePermissionRequest.newBuilder()
                .setBranchName("main")
                .setResourceType("object_type")
                .setWaitSeconds(waitSeconds)
                .build())
        .getAllowed();
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
