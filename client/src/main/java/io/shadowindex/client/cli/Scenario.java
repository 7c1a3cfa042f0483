package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.WorkerSession;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.CheckWritePermissionResponse;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/** One day of developers who write while indexes are rebuilt. The server and its locks are real. */
final class Scenario {
  private static final List<String> RESOURCE_TYPES =
      List.of("object_type", "link_type", "action_type", "function_type");
  private static final String INDEXER = "indexer";
  private static final Duration BUILD = Duration.ofMinutes(30);

  /** All developers together; more than that would measure the machine. */
  private static final int WRITES_PER_SECOND = 400;

  /** Longer than any freeze here lasts. */
  private static final int WAIT_SECONDS = 300;

  private final ShadowIndexClient client;
  private final List<ShadowIndexClient> writers;
  private final Way way;
  private final int developers;
  private final int rebuilds;
  private final Duration day;
  private final double factor;
  private final String branch = "scenario-" + UUID.randomUUID();
  private final Queue<Long> blocked = new ConcurrentLinkedQueue<>();
  private final LongAdder writes = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final long began = System.nanoTime();

  /** How writers are kept away from an index that is rebuilt. */
  enum Way {
    FREEZE_BRANCH("branch frozen"),
    FREEZE_TYPES("resource types frozen"),
    SHADOW("shadow and switch");

    private final String words;

    Way(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  /**
   * Prepares a day.
   *
   * @param client for the rebuilds
   * @param writers for the developers, who share them; a connection takes 100 that wait
   * @param day how long it takes here, and by what factor that is compressed
   */
  Scenario(
      ShadowIndexClient client,
      List<ShadowIndexClient> writers,
      Way way,
      int developers,
      int rebuilds,
      Duration day,
      double factor) {
    this.client = client;
    this.writers = writers;
    this.way = way;
    this.developers = developers;
    this.rebuilds = rebuilds;
    this.day = day;
    this.factor = factor;
  }

  ScenarioResult run() throws IOException, InterruptedException {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var working = new ArrayList<Future<?>>();
      for (int i = 0; i < developers; i++) {
        int developer = i;
        working.add(threads.submit(() -> work(developer)));
      }
      for (int i = 0; i < rebuilds; i++) {
        sleepUntil(began + day.toNanos() * i / rebuilds);
        rebuild();
      }
      for (Future<?> developer : working) {
        developer.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("a developer could not write", e.getCause());
    }
    return new ScenarioResult(
        way,
        blocked.stream().sorted().toList(),
        developers,
        writes.sum(),
        refused.sum(),
        day.toNanos() * factor);
  }

  /** Writes at a steady rate to one resource type until the day is over. */
  private void work(int developer) {
    ShadowIndexClient writer = writers.get(developer % writers.size());
    long pause = Duration.ofSeconds(developers).toNanos() / WRITES_PER_SECOND;
    var request =
        CheckWritePermissionRequest.newBuilder()
            .setBranchName(branch)
            .setResourceType(RESOURCE_TYPES.get(developer % RESOURCE_TYPES.size()));
    long next = began + pause * developer / developers;
    while (next - began < day.toNanos()) {
      sleepUntil(next);
      long asked = System.nanoTime();
      CheckWritePermissionResponse answer =
          writer.checkWritePermission(request.setWaitSeconds(0).build());
      if (!answer.getAllowed()) {
        refused.increment();
        var _ = writer.checkWritePermission(request.setWaitSeconds(WAIT_SECONDS).build());
        boolean frozen = answer.getLock().getOwner().equals(INDEXER);
        blocked.add((long) ((System.nanoTime() - asked) * (frozen ? factor : 1)));
      }
      writes.increment();
      next = Math.max(next + pause, System.nanoTime()); // who was kept out does not catch up
    }
  }

  private void rebuild() throws IOException {
    try (WorkerSession session =
        WorkerSession.start(
            client,
            StartBuildRequest.newBuilder()
                .setBranchName(branch)
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .addAllResourceTypes(RESOURCE_TYPES)
                .build())) {
      switch (way) {
        case FREEZE_BRANCH, FREEZE_TYPES -> buildFrozen(session);
        case SHADOW -> build(session);
      }
      var _ =
          client.switchIndex(
              SwitchIndexRequest.newBuilder()
                  .setShadowIndexId(session.build().getShadowIndexId())
                  .build());
    }
  }

  private void buildFrozen(WorkerSession session) throws IOException {
    var request =
        AcquireLockRequest.newBuilder()
            .setBranchName(branch)
            .setLockType(Lock.Type.INDEXING)
            .setOwner(INDEXER)
            .setReason("rebuild of the search index")
            .setTtlSeconds(WAIT_SECONDS);
    if (way == Way.FREEZE_BRANCH) {
      request.setScope(Lock.Scope.BRANCH);
    } else {
      request.setScope(Lock.Scope.RESOURCE_TYPE).addAllResourceTypes(RESOURCE_TYPES);
    }
    Lock lock = client.acquireLock(request.build()).getLock();
    long start = System.nanoTime();
    long build = (long) (BUILD.toNanos() / factor);
    if (way == Way.FREEZE_TYPES) { // partial completion, type by type
      for (int i = 1; i < RESOURCE_TYPES.size(); i++) {
        sleepUntil(start + build * i / RESOURCE_TYPES.size());
        release(lock, List.of(RESOURCE_TYPES.get(i - 1)));
      }
    }
    sleepUntil(start + build);
    complete(session);
    release(lock, List.of());
  }

  private void build(WorkerSession session) throws IOException {
    sleepUntil(System.nanoTime() + (long) (BUILD.toNanos() / factor));
    complete(session);
  }

  private static void complete(WorkerSession session) throws IOException {
    Files.writeString(session.directory().resolve("index"), "content");
    session.complete(CompleteBuildRequest.newBuilder().setRecordCount(1).build());
  }

  private void release(Lock lock, List<String> resourceTypes) {
    var _ =
        client.releaseLock(
            ReleaseLockRequest.newBuilder()
                .setLockId(lock.getLockId())
                .setOwner(lock.getOwner())
                .setFencingToken(lock.getFencingToken())
                .addAllResourceTypes(resourceTypes)
                .build());
  }

  private static void sleepUntil(long nanoTime) {
    while (nanoTime - System.nanoTime() > 0) {
      LockSupport.parkNanos(nanoTime - System.nanoTime());
    }
  }
}
