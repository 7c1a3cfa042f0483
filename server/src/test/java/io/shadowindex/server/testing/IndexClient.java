package io.shadowindex.server.testing;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** One client that changes one index, one call at a time, and remembers what it was told. */
public final class IndexClient {

  /** What clients together have counted and found wrong. */
  public static final class Findings {
    private final Set<Code> expected;
    private final AtomicLong acknowledged = new AtomicLong();
    private final Map<Long, String> revisions = new ConcurrentHashMap<>();
    private final AuditTrail trail = new AuditTrail();
    private final AtomicLong refused = new AtomicLong();
    private final Queue<String> lost = new ConcurrentLinkedQueue<>();
    private final Queue<String> unusable = new ConcurrentLinkedQueue<>();
    private final Samples lockHeld = new Samples();

    /** Takes the codes of refusals that have to be borne, as of a full disk. */
    public Findings(Code... expected) {
      this.expected = Set.of(expected);
    }

    private void acknowledge(@Nullable ShadowIndex told) {
      acknowledged.incrementAndGet();
      if (told != null) {
        revisions.put(told.getRevision(), told.getShadowIndexId());
        trail.acknowledge(told);
      }
    }

    /** How many changes were answered. */
    public long acknowledged() {
      return acknowledged.get();
    }

    /** The builds of the revisions that were answered. */
    public Map<Long, String> revisions() {
      return Map.copyOf(revisions);
    }

    /** What the audit file has to have. */
    public AuditTrail trail() {
      return trail;
    }

    /** How many changes were refused as expected. */
    public long refused() {
      return refused.get();
    }

    /** What was acknowledged and is not so any more. */
    public List<String> lost() {
      return List.copyOf(lost);
    }

    /** What could not be done although nothing spoke against it. */
    public List<String> unusable() {
      return List.copyOf(unusable);
    }

    public Samples lockHeld() {
      return lockHeld;
    }
  }

  /** Each has the id of its build in it. */
  private static final List<String> FILES = List.of("segments", "terms", "sub/postings");

  /** One in that many indexes is served from a copy. */
  private static final int INDEXES_PER_COPY = 4;

  private final String branch;
  private final Random random;
  private final Findings findings;

  /** Held for each call; fair, because the client asks for it again at once. */
  private final ReentrantLock calling = new ReentrantLock(true);

  /** The newest answer; null before the first. */
  private @Nullable ShadowIndex told;

  /** The state that the call under way would lead to; null when none is. */
  private @Nullable State asked;

  public IndexClient(String branch, Random random, Findings findings) {
    this.branch = branch;
    this.random = random;
    this.findings = findings;
  }

  public String branch() {
    return branch;
  }

  /** Writes the files of a build. */
  public static void write(ShadowIndex build) throws IOException {
    for (String file : FILES) {
      TestServer.write(build, file, build.getShadowIndexId());
    }
  }

  /**
   * The builds that a generation's files are of: its own and no other.
   *
   * @throws IOException when a file is missing
   */
  public static Set<String> buildsIn(Path generation) throws IOException {
    var builds = new HashSet<String>();
    for (String file : FILES) {
      builds.add(Files.readString(generation.resolve(file)));
    }
    return builds;
  }

  /** Changes the index until the server goes away, and counts down at its first answer. */
  public void workUntilKilled(ServerProcess server, CountDownLatch firstAnswer) {
    try {
      while (true) {
        calling.lock();
        try {
          stepUnlessRefused(server.stub());
        } finally {
          calling.unlock();
        }
        firstAnswer.countDown();
      }
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Code.UNAVAILABLE) {
        findings.unusable.add(branch + " was refused: " + e);
      }
    } catch (IOException e) {
      findings.unusable.add(branch + " could not write: " + e);
    } finally {
      firstAnswer.countDown();
    }
  }

  /** Does something while none of the clients has a call under way. */
  public static void betweenCalls(List<IndexClient> clients, Runnable action) {
    clients.forEach(client -> client.calling.lock());
    try {
      action.run();
    } finally {
      clients.forEach(client -> client.calling.unlock());
    }
  }

  private void stepUnlessRefused(ShadowIndexServiceBlockingStub stub) throws IOException {
    try {
      step(stub);
      findings.acknowledge(told);
    } catch (StatusRuntimeException e) {
      if (!findings.expected.contains(e.getStatus().getCode())) {
        throw e;
      }
      asked = null; // a refusal changes nothing
      findings.refused.incrementAndGet();
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
            write(build);
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
            findings.unusable.add(branch + " was not switched: " + response.getMessage());
          }
          findings.lockHeld.addMicros(response.getLockHeldMicros());
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
        default -> findings.unusable.add(branch + " is in state " + build.getState());
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
        findings.unusable.add(branch + " was not rolled back: " + response.getMessage());
      }
      findings.lockHeld.addMicros(response.getLockHeldMicros());
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
  public void checkAfterRestart(ShadowIndexServiceBlockingStub stub) {
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
      findings.lost.add(
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
      findings.lost.add(
          "%s: %s was acknowledged %s, asked %s, is %s"
              .formatted(
                  branch, before.getShadowIndexId(), before.getState(), asked, now.getState()));
    }
    boolean active = index.getActiveGeneration().getShadowIndexId().equals(now.getShadowIndexId());
    if (active != (now.getState() == State.ACTIVE)) {
      findings.lost.add("%s: %s is live although this is so: %s".formatted(branch, index, now));
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
        findings.lost.add(branch + ": the link leads to " + target + " instead of " + expected);
      }
    } catch (IOException e) {
      findings.lost.add(branch + ": the link leads nowhere: " + e);
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
