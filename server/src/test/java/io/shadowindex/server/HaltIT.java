package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.HaltingServer;
import io.shadowindex.server.testing.HaltingServer.Plan;
import io.shadowindex.server.testing.ServerProcess;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CheckIndexesRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The process ends before a step of a change, then before the first step of the recovery, then
 * before its second, and so on: what comes out is what the live link decided.
 */
final class HaltIT {

  /** All changes and steps; by default those of them where most can go wrong. */
  private static final boolean ALL = Boolean.getBoolean("shadowindex.halts");

  private static final Set<SwitchStep> OF_A_CHANGE =
      EnumSet.range(SwitchStep.VALIDATE, SwitchStep.COMMIT);
  private static final Set<SwitchStep> WHEN_DAMAGED =
      EnumSet.range(SwitchStep.MARK_ROLLING_BACK, SwitchStep.COMMIT_ROLLBACK);

  @TempDir private Path directory;
  private Path data = Path.of("");

  enum Change {
    SWITCH,
    COPY_AND_SWITCH,
    SWITCH_TO_DAMAGED,
    ROLLBACK,
    REMOVAL;

    Set<SwitchStep> steps() {
      Set<SwitchStep> steps =
          EnumSet.copyOf(this == SWITCH_TO_DAMAGED ? WHEN_DAMAGED : OF_A_CHANGE);
      steps.remove(SwitchStep.PROBE);
      if (this == REMOVAL) {
        steps.removeAll(EnumSet.of(SwitchStep.VALIDATE, SwitchStep.STAGE));
      }
      return steps;
    }

    SwitchStrategy.Enum strategy() {
      return this == COPY_AND_SWITCH
          ? SwitchStrategy.Enum.COPY_AND_REPLACE
          : SwitchStrategy.Enum.ATOMIC_RENAME;
    }
  }

  static Stream<Arguments> changesAndSteps() {
    return ALL
        ? Stream.of(Change.values())
            .flatMap(change -> change.steps().stream().map(step -> Arguments.of(change, step)))
        : Stream.of(
            Arguments.of(Change.SWITCH, SwitchStep.FLIP),
            Arguments.of(Change.SWITCH, SwitchStep.COMMIT),
            Arguments.of(Change.SWITCH_TO_DAMAGED, SwitchStep.FLIP_BACK));
  }

  @ParameterizedTest
  @MethodSource("changesAndSteps")
  void aProcessThatEndsBeforeAStepLeavesWhatTheNextOnesBringToItsEnd(Change change, SwitchStep step)
      throws Exception {
    data = directory.resolve("data");
    ShadowIndex old;
    ShadowIndex next;
    try (ServerProcess setUp = ServerProcess.start(data)) {
      old = switched(setUp.stub());
      next = built(setUp.stub(), change.strategy());
      if (change == Change.ROLLBACK || change == Change.REMOVAL) {
        switchTo(setUp.stub(), next);
      }
      assertThat(setUp.terminate()).isZero();
    }
    HaltingServer.arm(data);
    try (ServerProcess halting = start(plan(change, step, next))) {
      assertThat(catchThrowable(() -> carryOut(change, halting.stub(), old, next))).isNotNull();
      assertThat(halting.exitCode()).isEqualTo(HaltingServer.HALTED);
    }
    try (ServerProcess recovered = recoverWithHalts()) {
      boolean happened = step.compareTo(SwitchStep.FLIP) > 0;
      assertEnd(change, happened, recovered.stub(), old, next);
      assertThat(
              recovered
                  .stub()
                  .checkIndexes(CheckIndexesRequest.getDefaultInstance())
                  .getFindingsList())
          .isEmpty();
      if (!happened) {
        HaltingServer.disarm(data);
        carryOut(change, recovered.stub(), old, next);
        assertEnd(change, true, recovered.stub(), old, next);
      }
    }
  }

  private static Plan plan(Change change, SwitchStep step, ShadowIndex next) {
    return change == Change.SWITCH_TO_DAMAGED
        ? Plan.before(step).damaging(Path.of(next.getShadowIndexPath()).resolve("segment"))
        : Plan.before(step);
  }

  private ServerProcess start(Plan plan) throws Exception {
    ServerProcess server = ServerProcess.startHalting(data, plan);
    if (server == null) {
      throw new AssertionError("the server ended before it listened");
    }
    return server;
  }

  /** Ends every recovery one step later than the one before, until one comes to its end. */
  private ServerProcess recoverWithHalts() throws Exception {
    for (int steps = 0; ; steps++) {
      @Nullable ServerProcess server = ServerProcess.startHalting(data, Plan.after(steps));
      if (server != null) {
        return server;
      }
    }
  }

  private static void carryOut(
      Change change, ShadowIndexServiceBlockingStub stub, ShadowIndex old, ShadowIndex next) {
    switch (change) {
      case SWITCH, COPY_AND_SWITCH, SWITCH_TO_DAMAGED -> switchTo(stub, next);
      case ROLLBACK -> {
        var _ =
            stub.rollbackIndex(
                RollbackIndexRequest.newBuilder()
                    .setBranchName("main")
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .setShadowIndexId(old.getShadowIndexId())
                    .build());
      }
      case REMOVAL -> {
        var _ =
            stub.deleteIndex(
                DeleteIndexRequest.newBuilder()
                    .setBranchName("main")
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .build());
      }
    }
  }

  private static void assertEnd(
      Change change,
      boolean happened,
      ShadowIndexServiceBlockingStub stub,
      ShadowIndex old,
      ShadowIndex next)
      throws IOException {
    State oldState = state(stub, old);
    State nextState = state(stub, next);
    switch (change) {
      case SWITCH, COPY_AND_SWITCH -> {
        assertThat(nextState).isEqualTo(happened ? State.ACTIVE : State.BUILT);
        assertThat(oldState).isEqualTo(happened ? State.CLEANUP : State.ACTIVE);
        assertLive(happened ? next : old);
      }
      case SWITCH_TO_DAMAGED -> {
        assertThat(nextState).isEqualTo(State.FAILED);
        assertThat(oldState).isEqualTo(State.ACTIVE);
        assertLive(old);
      }
      case ROLLBACK -> {
        assertThat(nextState).isEqualTo(happened ? State.CLEANUP : State.ACTIVE);
        assertThat(oldState).isEqualTo(happened ? State.ACTIVE : State.CLEANUP);
        assertLive(happened ? old : next);
      }
      case REMOVAL -> {
        assertThat(nextState).isEqualTo(happened ? State.CLEANUP : State.ACTIVE);
        if (happened) {
          assertThat(Files.exists(Path.of(next.getCurrentIndexPath()), LinkOption.NOFOLLOW_LINKS))
              .isFalse();
        } else {
          assertLive(next);
        }
      }
    }
  }

  private static void assertLive(ShadowIndex expected) throws IOException {
    Path link = Path.of(expected.getCurrentIndexPath());
    assertThat(link.toRealPath().getFileName()).asString().isEqualTo(expected.getShadowIndexId());
    assertThat(link.resolve("segment")).hasContent(expected.getShadowIndexId());
  }

  private static State state(ShadowIndexServiceBlockingStub stub, ShadowIndex build) {
    return stub.getShadowIndex(
            GetShadowIndexRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build())
        .getShadowIndex()
        .getState();
  }

  private static ShadowIndex switched(ShadowIndexServiceBlockingStub stub) throws IOException {
    ShadowIndex build = built(stub, SwitchStrategy.Enum.ATOMIC_RENAME);
    switchTo(stub, build);
    return build;
  }

  private static void switchTo(ShadowIndexServiceBlockingStub stub, ShadowIndex build) {
    assertThat(stub.switchIndex(TestServer.switchRequest(build).build()).getSuccess()).isTrue();
  }

  private static ShadowIndex built(
      ShadowIndexServiceBlockingStub stub, SwitchStrategy.Enum strategy) throws IOException {
    ShadowIndex build =
        stub.startBuild(
                StartBuildRequest.newBuilder()
                    .setBranchName("main")
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .addResourceTypes("object_type")
                    .setSwitchStrategy(strategy)
                    .build())
            .getShadowIndex();
    TestServer.write(build, "segment", build.getShadowIndexId());
    return stub.completeBuild(
            CompleteBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setRecordCount(1)
                .build())
        .getShadowIndex();
  }
}
