package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.ManualClock;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CheckIndexesRequest;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two who change one index at the same moment, hundreds of times: where only one can win, one does,
 * whoever loses is told why, and the index is whole afterwards.
 */
final class RivalsTest {

  private static final int ROUNDS = Integer.getInteger("shadowindex.rounds", 25);
  private static final String WON = "not refused";
  private static final Duration LONGER_THAN_RETENTION = Duration.ofHours(25);

  private final ManualClock clock = new ManualClock();
  private final CyclicBarrier together = new CyclicBarrier(2);
  private final ExecutorService threads = Executors.newFixedThreadPool(2);
  private final Random random = new Random(seed());
  private TestServer server;
  private volatile SwitchStep.Observer observer = SwitchStep.Observer.NONE;
  private int round;

  private static long seed() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    return seed;
  }

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    server =
        TestServer.start(
            TestServer.config(directory)
                .with(Settings.KEEP_GENERATIONS, 0)
                .with(Settings.SWEEP_INTERVAL, Duration.ofMillis(1)),
            new Environment(clock, FileOperations.real(), step -> observer.before(step)));
  }

  @AfterEach
  void theDoctorFindsNothing() {
    threads.shutdownNow();
    try (TestServer examined = server) {
      assertThat(
              examined
                  .stub()
                  .checkIndexes(CheckIndexesRequest.getDefaultInstance())
                  .getFindingsList())
          .isEmpty();
    }
  }

  @Test
  void ofTwoSwitchesToOneBuildOneWins() throws Exception {
    for (round = 0; round < ROUNDS; round++) {
      switched();
      ShadowIndex next = server.built(branch());

      oneWins(race(() -> switchTo(next), () -> switchTo(next)), Set.of("ILLEGAL_TRANSITION"));

      assertWhole(next);
    }
  }

  @Test
  void ofASwitchAndACancellationOneWins() throws Exception {
    for (round = 0; round < ROUNDS; round++) {
      ShadowIndex old = switched();
      ShadowIndex next = server.built(branch());

      oneWins(race(() -> switchTo(next), () -> cancel(next)), Set.of("ILLEGAL_TRANSITION"));

      assertWhole(server.get(next).getState() == State.CANCELLED ? old : next);
    }
  }

  @Test
  void ofTwoRollbacksToOneGenerationOneWins() throws Exception {
    for (round = 0; round < ROUNDS; round++) {
      ShadowIndex old = switched();
      switched();

      oneWins(race(() -> rollBackTo(old), () -> rollBackTo(old)), Set.of("ILLEGAL_TRANSITION"));

      assertWhole(old);
    }
  }

  @Test
  void aSwitchAndARollbackHappenOneAfterTheOther() throws Exception {
    for (round = 0; round < ROUNDS; round++) {
      ShadowIndex old = switched();
      switched();
      ShadowIndex next = server.built(branch());

      List<String> refusals = race(() -> switchTo(next), () -> rollBackTo(old));

      assertThat(refusals).containsOnly(WON);
      boolean switchedLast = server.get(next).getState() == State.ACTIVE;
      assertThat(server.get(switchedLast ? old : next).getState()).isEqualTo(State.CLEANUP);
      assertWhole(switchedLast ? next : old);
    }
  }

  @Test
  void aRollbackHasItsFilesOrIsToldThatRetentionWasFaster() throws Exception {
    int kept = 0;
    for (round = 0; round < ROUNDS; round++) {
      ShadowIndex old = switched();
      ShadowIndex live = switched();

      List<String> refusals = race(() -> rollBackTo(old), this::outliveRetention);

      String refusal = refusals.getFirst();
      assertThat(refusal).isIn(WON, "GENERATION_NOT_RETAINED");
      kept += refusal.equals(WON) ? 1 : 0;
      assertWhole(refusal.equals(WON) ? old : live);
    }
    System.out.printf("%d of %d rollbacks came before retention%n", kept, ROUNDS);
  }

  @Test
  void aRollbackThatNamesNoGenerationIsNotToldOfOneThatWentMeanwhile() throws IOException {
    ShadowIndex previous = switched();
    ShadowIndex live = switched();
    observer =
        step -> {
          if (step == SwitchStep.VALIDATE) {
            outliveRetention();
            await().until(() -> Files.notExists(Path.of(previous.getShadowIndexPath())));
          }
        };

    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> rollBack(request()));

    assertThat(TestServer.reason(refused)).isEqualTo("NO_PREVIOUS_GENERATION");
    assertWhole(live);
  }

  @Test
  void aSwitchToABuildAndTheRemovalOfItsIndexExcludeEachOther() throws Exception {
    for (round = 0; round < ROUNDS; round++) {
      switched();
      ShadowIndex next = server.built(branch());

      List<String> refusals = race(() -> switchTo(next), this::deleteIndex);

      assertThat(refusals.getFirst()).isEqualTo(WON);
      assertThat(refusals.getLast()).isIn(WON, "INDEX_HAS_LIVE_BUILD");
      if (refusals.getLast().equals(WON)) {
        assertThat(Path.of(next.getCurrentIndexPath())).doesNotExist();
        assertThat(server.get(next).getState()).isEqualTo(State.CLEANUP);
      } else {
        assertWhole(next);
      }
    }
  }

  @Test
  void ofARollbackAndARemovalTheIndexIsWhatTheLastOneMadeOfIt() throws Exception {
    for (round = 0; round < ROUNDS; round++) {
      ShadowIndex old = switched();
      switched();

      List<String> refusals = race(() -> rollBackTo(old), this::deleteIndex);

      assertThat(refusals).containsOnly(WON);
      if (Files.exists(Path.of(old.getCurrentIndexPath()), LinkOption.NOFOLLOW_LINKS)) {
        assertWhole(old);
      } else {
        assertThat(server.get(old).getState()).isEqualTo(State.CLEANUP);
        assertNothingIsUnderWay();
      }
    }
  }

  /** What each of the two was refused with, or that it was not. */
  private List<String> race(Runnable first, Runnable second) throws Exception {
    long headStart = random.nextLong(3_000_000);
    boolean firstWaits = random.nextBoolean();
    Future<String> one = threads.submit(rival(first, firstWaits ? headStart : 0));
    Future<String> other = threads.submit(rival(second, firstWaits ? 0 : headStart));
    return List.of(one.get(), other.get());
  }

  private Callable<String> rival(Runnable call, long delayNanos) {
    return () -> {
      awaitTheOther();
      LockSupport.parkNanos(delayNanos); // the moments at which they meet are the point of the test
      try {
        call.run();
        return WON;
      } catch (StatusRuntimeException refused) {
        return TestServer.reason(refused);
      }
    };
  }

  private void awaitTheOther() {
    try {
      together.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new AssertionError(e);
    }
  }

  private static void oneWins(List<String> refusals, Set<String> allowed) {
    assertThat(refusals).containsOnlyOnce(WON);
    assertThat(refusals).filteredOn(refusal -> !refusal.equals(WON)).isSubsetOf(allowed);
  }

  private String branch() {
    return "round-" + round;
  }

  private ShadowIndex switched() throws IOException {
    ShadowIndex build = server.built(branch());
    switchTo(build);
    return build;
  }

  private void switchTo(ShadowIndex build) {
    assertThat(server.switchTo(build).getSuccess()).isTrue();
  }

  private void cancel(ShadowIndex build) {
    assertThat(server.cancel(build).getState()).isEqualTo(State.CANCELLED);
  }

  private void rollBackTo(ShadowIndex generation) {
    rollBack(request().setShadowIndexId(generation.getShadowIndexId()));
  }

  private void rollBack(RollbackIndexRequest.Builder request) {
    var response = server.stub().rollbackIndex(request.build());
    assertThat(response.getSuccess()).as(response.getMessage()).isTrue();
  }

  private RollbackIndexRequest.Builder request() {
    return RollbackIndexRequest.newBuilder()
        .setBranchName(branch())
        .setIndexType(IndexType.Enum.SEARCH_INDEX);
  }

  private void deleteIndex() {
    var _ =
        server
            .stub()
            .deleteIndex(
                DeleteIndexRequest.newBuilder()
                    .setBranchName(branch())
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .build());
  }

  private void outliveRetention() {
    clock.advance(LONGER_THAN_RETENTION);
  }

  /** That generation is live, in the database and behind the link, and has its files. */
  private void assertWhole(ShadowIndex live) throws IOException {
    assertThat(server.get(live).getState()).isEqualTo(State.ACTIVE);
    Path link = Path.of(live.getCurrentIndexPath());
    assertThat(link.toRealPath().getFileName()).asString().isEqualTo(live.getShadowIndexId());
    assertThat(link.resolve("segment")).hasContent("records of " + live.getShadowIndexId());
    assertNothingIsUnderWay();
  }

  private void assertNothingIsUnderWay() {
    assertThat(server.server().switchStore().open()).isEmpty();
    assertThat(server.lockedResourceTypes(branch())).isEmpty();
  }
}
