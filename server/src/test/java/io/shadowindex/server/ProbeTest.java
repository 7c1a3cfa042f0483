package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.LuceneIndexes;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.BuildConfig;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.SwitchStrategy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a build's probe queries change about a switch to it. */
final class ProbeTest {

  private static final double MAX_SLOWDOWN = 3;

  private Path directory;
  private TestServer server;
  private volatile SwitchStep.Observer observer = SwitchStep.Observer.NONE;

  @BeforeEach
  void startServer(@TempDir Path directory) throws Exception {
    this.directory = directory;
    start(MAX_SLOWDOWN);
  }

  private void start(double maxSlowdown) throws IOException {
    ServerConfig config =
        TestServer.config(directory).with(Settings.PROBE_MAX_SLOWDOWN, maxSlowdown);
    SwitchStep.Observer steps = step -> observer.before(step);
    server =
        TestServer.start(
            config, new Environment(InstantSource.system(), FileOperations.real(), steps));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void theAnswerSaysHowMuchFasterTheNewGenerationIs() throws IOException {
    live("query=8");

    SwitchIndexResponse response = server.switchTo(scripted("query=2"));

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getQueryPerformanceImprovement()).isGreaterThan(1.0);
  }

  @Test
  void theAnswerSaysNothingWhenThereWasNothingToCompareWith() throws IOException {
    SwitchIndexResponse first = server.switchTo(scripted("query=1"));
    SwitchIndexResponse unasked = server.switchTo(scripted(start(), "query=1"));

    assertThat(first.getSuccess()).isTrue();
    assertThat(first.hasQueryPerformanceImprovement()).isFalse();
    assertThat(unasked.getSuccess()).isTrue();
    assertThat(unasked.hasQueryPerformanceImprovement()).isFalse();
  }

  @Test
  void luceneIndexesAreProbed() throws IOException {
    for (int i = 0; i < 2; i++) {
      ShadowIndex build = start("text:fox", "dog");
      LuceneIndexes.write(Path.of(build.getShadowIndexPath()), "the quick fox", "the lazy dog");
      server.complete(build, 2);

      SwitchIndexResponse response = server.switchTo(build);

      assertThat(response.getSuccess()).isTrue();
      assertThat(response.hasQueryPerformanceImprovement()).isEqualTo(i == 1);
      assertThat(response.getQueryPerformanceImprovement() > 0).isEqualTo(i == 1);
    }
  }

  @Test
  void aQueryThatFailsBeforeTheSwitchIsAFailedCheck() throws IOException {
    ShadowIndex build = scripted("query=fails");

    SwitchIndexResponse response = server.switchTo(build);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getLockHeldMicros()).isZero();
    assertThat(response.getValidationErrorsList())
        .containsExactly(
            "the format scripted could not run the probe query 'anything':"
                + " IllegalStateException: the segment is gone");
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
    assertThat(force(build).getSuccess()).isTrue();
  }

  @Test
  void aQueryThatFailsThroughTheLiveLinkTakesTheSwitchBack() throws IOException {
    ShadowIndex old = live("query=0");
    ShadowIndex next = scripted("query=0\nquery.live=fails");

    SwitchIndexResponse response = server.switchTo(next);

    assertUndone(response, old, next);
    assertThat(response.getVerificationErrorsList())
        .singleElement()
        .asString()
        .contains("the segment is gone");
  }

  @Test
  void anIndexThatIsSlowThroughTheLiveLinkIsTakenBack() throws IOException {
    ShadowIndex old = live("query=2");
    ShadowIndex next = scripted("query=2\nquery.live=40");

    SwitchIndexResponse response = server.switchTo(next);

    assertUndone(response, old, next);
    assertThat(response.getVerificationErrorsList())
        .singleElement()
        .asString()
        .startsWith("the probe queries are more than 3.0 times slower than before the switch: ");
  }

  @Test
  void theFilesOfAGenerationThatWasTakenBackAreKeptForALookAtThem() throws IOException {
    live("query=0");
    ShadowIndex next = scripted("query=0\nquery.live=fails");

    var _ = server.switchTo(next);

    ShadowIndex left = server.get(next);
    assertThat(Instant.ofEpochSecond(left.getRetainUntil().getSeconds()))
        .isAfter(Instant.now().plusSeconds(3600));
    assertThat(left.getLastSwitch().getSuccess()).isFalse();
    assertThat(left.getLastSwitch().getVerificationErrorsList()).hasSize(1);
  }

  @Test
  void writersAreLetInBeforeTheProbeThroughTheLiveLink() throws IOException {
    live("query=0");
    ShadowIndex next = scripted("query=0");
    var seen = new AtomicReference<State>();
    observer =
        step -> {
          if (step == SwitchStep.CONFIRM) {
            seen.set(server.get(next).getState());
          }
        };

    assertThat(server.switchTo(next).getSuccess()).isTrue();

    assertThat(seen).hasValue(State.ACTIVE);
  }

  @Test
  void aProbeThatFailsNeverUndoesALaterSwitch() throws IOException {
    live("query=0");
    ShadowIndex next = scripted("query=0\nquery.live=fails");
    var later = new AtomicReference<ShadowIndex>();
    observer =
        step -> {
          if (step == SwitchStep.CONFIRM && later.get() == null) {
            later.set(switchedWithoutQueries());
          }
        };

    SwitchIndexResponse response = server.switchTo(next);

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getVerificationErrorsList()).hasSize(1);
    assertThat(response.getWarningsList())
        .singleElement()
        .asString()
        .startsWith("the generation stays live although the check after the switch failed: ");
    assertThat(server.get(later.get()).getState()).isEqualTo(State.ACTIVE);
  }

  private ShadowIndex switchedWithoutQueries() {
    try {
      ShadowIndex build = scripted(start(), "query.live=fails");
      assertThat(server.switchTo(build).getSuccess()).isTrue();
      return build;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theFirstGenerationStaysSinceThereIsNoneToGoBackTo() throws IOException {
    ShadowIndex first = scripted("query=0\nquery.live=fails");

    SwitchIndexResponse response = server.switchTo(first);

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getVerificationPassed()).isFalse();
    assertThat(response.getVerificationErrorsList()).hasSize(1);
    assertThat(response.getWarningsList())
        .containsExactly(
            "the generation stays live although the check after the switch failed: there is no generation to go"
                + " back to");
    assertThat(server.get(first).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void aCopyIsProbedWhereItIsServed() throws IOException {
    ShadowIndex old = live("query=0");
    ShadowIndex next =
        scripted(
            start(SwitchStrategy.Enum.COPY_AND_REPLACE, "anything"), "query=0\nquery.live=fails");

    SwitchIndexResponse response = server.switchTo(next);

    assertUndone(response, old, next);
  }

  @Test
  void aDryRunProbesAsWell() throws IOException {
    live("query=4");
    ShadowIndex fails = scripted("query=fails");

    SwitchIndexResponse preview =
        server.stub().switchIndex(TestServer.switchRequest(fails).setValidateOnly(true).build());

    assertThat(preview.getSuccess()).isFalse();
    assertThat(preview.getValidationErrorsList()).hasSize(1);
    assertThat(server.get(fails).getState()).isEqualTo(State.BUILT);
  }

  @ParameterizedTest
  @EnumSource(
      value = SwitchStep.class,
      names = {"PROBE", "CONFIRM"})
  void aCrashInAProbeLeavesTheLinkWhereItIs(SwitchStep step) throws IOException {
    ShadowIndex old = live("query=0");
    ShadowIndex next = scripted("query=0\nquery.live=fails");
    observer = AtStep.crash(step);

    assertThat(catchThrowable(() -> server.switchTo(next))).isNotNull();
    server.close();
    start(MAX_SLOWDOWN);

    boolean committed = step == SwitchStep.CONFIRM;
    assertThat(server.get(next).getState()).isEqualTo(committed ? State.ACTIVE : State.BUILT);
    assertThat(server.get(old).getState()).isEqualTo(committed ? State.CLEANUP : State.ACTIVE);
  }

  @Test
  void anIndexThatIsTooSlowBeforehandIsAFailedCheckAndCanBeForced() throws IOException {
    live("query=1");
    ShadowIndex next = scripted("query=20");

    SwitchIndexResponse response = server.switchTo(next);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationErrorsList())
        .singleElement()
        .asString()
        .startsWith(
            "the probe queries are more than 3.0 times slower than on the live generation: ");
    assertThat(response.getQueryPerformanceImprovement()).isBetween(0.01, 0.33);
    assertThat(force(next).getSuccess()).isTrue();
  }

  @Test
  void withoutALimitSlownessIsOnlyMeasured() throws Exception {
    server.close();
    start(0);
    live("query=1");

    SwitchIndexResponse response = server.switchTo(scripted("query=5\nquery.live=50"));

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getQueryPerformanceImprovement()).isLessThan(1.0);
  }

  @Test
  void aLiveGenerationThatCannotBeProbedStopsNoSwitchAwayFromIt() throws IOException {
    ShadowIndex broken = scripted("query=fails");
    assertThat(force(broken).getSuccess()).isTrue();

    SwitchIndexResponse response = server.switchTo(scripted("query=0"));

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.hasQueryPerformanceImprovement()).isFalse();
    assertThat(response.getWarningsList())
        .singleElement()
        .asString()
        .startsWith("the live generation was not probed: ");
  }

  @Test
  void aRollbackIsNotProbed() throws IOException {
    ShadowIndex old = scripted("query=fails");
    force(old);
    live("query=0");

    var rolledBack =
        server
            .stub()
            .rollbackIndex(
                RollbackIndexRequest.newBuilder()
                    .setBranchName("main")
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .build());

    assertThat(rolledBack.getSuccess()).isTrue();
    assertThat(server.get(old).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void filesWithoutAFormatAreNotProbed() throws IOException {
    ShadowIndex build = start("anything");
    TestServer.write(build, "segment", "x");
    server.complete(build, 1);

    SwitchIndexResponse response = server.switchTo(build);

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getWarningsList())
        .containsExactly("the probe queries were not run: the index's format has none");
  }

  @Test
  void probeQueriesAreKept() throws Exception {
    ShadowIndex build = start("text:fox", "größe");
    server.close();
    start(0);

    assertThat(server.get(build).getBuildConfig().getProbeQueriesList())
        .containsExactly("text:fox", "größe");
  }

  @Test
  void queriesThatAreNoneOrTooManyAreRefused() {
    for (List<String> wrong :
        List.of(List.of(""), List.of("x".repeat(1025)), Collections.nCopies(17, "x"))) {
      var refused =
          catchThrowableOfType(
              StatusRuntimeException.class, () -> start(wrong.toArray(String[]::new)));

      assertThat(TestServer.reason(refused)).isEqualTo("INVALID_FIELD");
      assertThat(refused.getStatus().getDescription()).contains("build_config.probe_queries");
    }
  }

  private void assertUndone(SwitchIndexResponse response, ShadowIndex old, ShadowIndex next)
      throws IOException {
    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationPassed()).isTrue();
    assertThat(response.getVerificationPassed()).isFalse();
    assertThat(server.get(next).getState()).isEqualTo(State.CLEANUP);
    assertThat(server.get(old).getState()).isEqualTo(State.ACTIVE);
    assertThat(Path.of(old.getCurrentIndexPath()).toRealPath())
        .isEqualTo(Path.of(old.getShadowIndexPath()).toRealPath());
  }

  private ShadowIndex live(String script) throws IOException {
    ShadowIndex build = scripted(script);
    assertThat(server.switchTo(build).getSuccess()).isTrue();
    return build;
  }

  private ShadowIndex scripted(String script) throws IOException {
    return scripted(start("anything"), script);
  }

  private ShadowIndex scripted(ShadowIndex build, String script) throws IOException {
    TestServer.write(build, "script", "records=10\n" + script);
    TestServer.write(build, "padding", "x".repeat(100));
    return server.complete(build, 10);
  }

  private ShadowIndex start(String... queries) {
    return start(SwitchStrategy.Enum.ATOMIC_RENAME, queries);
  }

  private ShadowIndex start(SwitchStrategy.Enum strategy, String... queries) {
    return server
        .stub()
        .startBuild(
            StartBuildRequest.newBuilder()
                .setBranchName("main")
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .addResourceTypes("object_type")
                .setSwitchStrategy(strategy)
                .setBuildConfig(BuildConfig.newBuilder().addAllProbeQueries(List.of(queries)))
                .build())
        .getShadowIndex();
  }

  private SwitchIndexResponse force(ShadowIndex build) {
    return server.stub().switchIndex(TestServer.switchRequest(build).setForceSwitch(true).build());
  }
}
