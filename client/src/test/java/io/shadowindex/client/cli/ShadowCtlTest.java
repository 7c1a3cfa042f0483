package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.SwitchStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of a build's life, against a real server. */
final class ShadowCtlTest {

  private static final String UNKNOWN = "00000000-0000-4000-8000-000000000000";

  @TempDir private Path directory;
  private RunningServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = RunningServer.start(directory);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void startSaysIdAndWhereToWrite() {
    ShadowCtlRun started = run("start", "--branch", "main");
    assertThat(started.exit()).isZero();
    assertThat(Path.of(started.value("write to"))).isEmptyDirectory();
    assertThat(started.value("estimate")).isEqualTo("5 min");
    assertThat(server.get(started.value("id")).getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void startHandsOnEveryOption() {
    ShadowCtlRun started =
        run(
            "start --branch main --type graph_index --name relations --resource-type a,b"
                + " --resource-type c --full-rebuild --parallel-workers 3 --label team=x"
                + " --label host=y --probe-query a:b --probe-query c");
    ShadowIndex build = server.get(started.value("id"));
    assertThat(build.getIndexType().name()).isEqualTo("GRAPH_INDEX");
    assertThat(build.getIndexName()).isEqualTo("relations");
    assertThat(build.getResourceTypesList()).containsExactly("a", "b", "c");
    assertThat(build.getBuildConfig().getFullRebuild()).isTrue();
    assertThat(build.getBuildConfig().getParallelWorkers()).isEqualTo(3);
    assertThat(build.getBuildConfig().getProbeQueriesList()).containsExactly("a:b", "c");
    assertThat(build.getLabelsMap()).containsEntry("team", "x").containsEntry("host", "y");
  }

  @Test
  void aSecondBuildIsRefusedWithTheIdOfTheFirst() {
    String first = start("main");
    ShadowCtlRun second = run("start", "--branch", "main");
    assertThat(second.exit()).isEqualTo(1);
    assertThat(second.err()).contains(first).hasLineCount(1);
  }

  @Test
  void aBranchThatGitWouldNotHaveIsRefusedWithTheRule() {
    ShadowCtlRun refused = run("start", "--branch", "a..b");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.err()).contains("branch_name", "..").hasLineCount(1);
  }

  @Test
  void progressIsRecordedAndPrinted() {
    String id = start("main");
    ShadowCtlRun reported =
        run("progress", id, "--percent", "40", "--records", "1234", "--eta", "90");
    assertThat(reported.out().strip()).isEqualTo("40%  1,234 records  ETA 1:30");
    assertThat(run("progress", id, "--percent", "30").exit()).isEqualTo(1);
  }

  @Test
  void completeThenSwitchMakesABuildLive() throws IOException {
    String id = start("main");
    write(id);
    assertThat(run("complete", id, "--records", "7", "--watermark", "abc123").out())
        .contains("7 records");
    ShadowCtlRun switched = run("switch", id);
    assertThat(switched.exit()).isZero();
    assertThat(switched.out()).contains("completed successfully", "lock held");
    assertThat(server.get(id).getState()).isEqualTo(State.ACTIVE);
    assertThat(server.get(id).getSourceWatermark()).isEqualTo("abc123");
  }

  @Test
  void aRefusedSwitchListsItsReasonsAndExitsWith1() throws IOException {
    String id = built(0);
    ShadowCtlRun refused = run("switch", id, "--check", "record_count_validation");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.out()).contains("validation: Shadow index has no records");
    assertThat(server.get(id).getState()).isEqualTo(State.BUILT);
  }

  @Test
  void aForcedSwitchGoesAheadAndStillSaysWhatFailed() throws IOException {
    String id = built(0);
    ShadowCtlRun forced = run("switch", id, "--force");
    assertThat(forced.exit()).isZero();
    assertThat(forced.out()).contains("validation: Shadow index has no records");
  }

  @Test
  void theReplacedGenerationIsKeptUnlessToldOtherwise() throws IOException {
    String first = built(5);
    run("switch", first);
    String second = built(5);
    run("switch", second);
    String third = built(5);
    run("switch", third, "--no-backup");
    assertThat(server.get(first).getRetainUntil().getSeconds())
        .isGreaterThan(server.get(second).getRetainUntil().getSeconds() + 3_600);
  }

  @Test
  void aDryRunSaysWhatWouldHappenAndChangesNothing() throws IOException {
    String first = built(5);
    run("switch", first);
    String second = built(5);
    ShadowCtlRun dry = run("switch", second, "--dry-run", "--no-backup", "--tolerance", "0.1");
    assertThat(dry.exit()).isZero();
    assertThat(dry.out())
        .contains("The switch would go ahead", "lock expected", "free", "deletes " + first);
    assertThat(server.get(second).getState()).isEqualTo(State.BUILT);
  }

  @Test
  void aRollbackMakesThePreviousGenerationLiveAgain() throws IOException {
    String first = built(5);
    run("switch", first);
    run("switch", built(5));
    ShadowCtlRun rolledBack = run("rollback", "--branch", "main");
    assertThat(rolledBack.exit()).isZero();
    assertThat(rolledBack.out()).contains("Index rolled back", "live is " + first, "lock held");
    assertThat(server.get(first).getState()).isEqualTo(State.ACTIVE);
    ShadowCtlRun further = run("rollback", "--branch", "main");
    assertThat(further.exit()).isEqualTo(1);
    assertThat(further.err()).contains("no generation").hasLineCount(1);
  }

  @Test
  void aDeletedIndexSaysHowItComesBack() throws IOException {
    String id = built(5);
    run("switch", id);
    ShadowCtlRun deleted = run("delete", "--branch", "main");
    assertThat(deleted.exit()).isZero();
    assertThat(server.get(id).getState()).isEqualTo(State.CLEANUP);
    String[] back =
        deleted
            .out()
            .lines()
            .filter(line -> line.startsWith("back with: shadowctl "))
            .findFirst()
            .orElseThrow()
            .substring("back with: shadowctl ".length())
            .split(" ");
    assertThat(run(back).exit()).isZero();
    assertThat(server.get(id).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void theDoctorExitsWith1WhenSomethingIsWrong() throws IOException {
    String id = built(5);
    run("switch", id);
    assertThat(run("doctor").out()).contains("1 indexes checked, 0 findings");
    Files.delete(Path.of(server.get(id).getCurrentIndexPath()));
    ShadowCtlRun sick = run("doctor");
    assertThat(sick.exit()).isEqualTo(1);
    assertThat(sick.out()).contains("main SEARCH_INDEX default: there is no live link");
  }

  @Test
  void aBuildThatIsCopiedAndSwitchedToByItselfCanBeStarted() throws IOException {
    String id = run("start", "--branch", "main", "--copy", "--auto-switch").value("id");
    assertThat(server.get(id).getSwitchStrategy()).isEqualTo(SwitchStrategy.Enum.COPY_AND_REPLACE);
    assertThat(server.get(id).getAutoSwitch().getEnabled()).isTrue();
    write(id);
    run("complete", id, "--records", "7");
    ShadowCtlRun watched = run("watch", id);
    assertThat(watched.exit()).isZero();
    assertThat(server.get(id).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void getPrintsEverythingThatIsKnown() {
    String id = start("main");
    assertThat(run("get", id).lines())
        .contains("shadow_index_id: " + id, "state: BUILDING", "branch_name: main");
  }

  @Test
  void whatIsUnknownIsNotFound() {
    for (String command :
        new String[] {"get " + UNKNOWN, "cancel " + UNKNOWN, "watch " + UNKNOWN}) {
      ShadowCtlRun run = run(command);
      assertThat(run.exit()).as(command).isEqualTo(3);
      assertThat(run.err()).contains(UNKNOWN).hasLineCount(1);
    }
    assertThat(run("live", "--branch", "nowhere").exit()).isEqualTo(3);
  }

  @Test
  void livePrintsEverythingOfTheIndex() throws IOException {
    String id = built(5);
    run("switch", id);
    assertThat(run("live", "--branch", "main").out())
        .contains("active_generation:", id, "current_index_path: ");
  }

  @Test
  void listFiltersAndCounts() throws IOException {
    built(1);
    start("other");
    ShadowCtlRun all = run("list");
    assertThat(all.lines()).hasSize(4);
    assertThat(all.lines().getLast()).isEqualTo("2 in all, 1 active, 1 ready to switch");
    assertThat(run("list", "--branch", "other").lines()).hasSize(3);
    assertThat(run("list", "--state", "built,active").lines()).hasSize(3);
    assertThat(run("list", "--type", "GRAPH_INDEX").lines())
        .containsExactly("0 in all, 0 active, 0 ready to switch");
  }

  @Test
  void aFailedBuildCanBeRetriedAndCancelled() {
    String id = start("main");
    assertThat(run("fail", id, "--message", "disk").exit()).isZero();
    assertThat(server.get(id).getErrorMessage()).isEqualTo("disk");
    assertThat(run("retry", id).out()).contains("BUILDING, attempt 2");
    assertThat(run("cancel", id, "--reason", "enough").exit()).isZero();
    assertThat(server.get(id).getState()).isEqualTo(State.CANCELLED);
  }

  @Test
  void watchPrintsOneLineForEachEventAndExitsWith0OnceLive() throws IOException {
    String id = start("main");
    write(id);
    Queue<String> lines = new ConcurrentLinkedQueue<>();
    CompletableFuture<ShadowCtlRun> watch =
        CompletableFuture.supplyAsync(
            () -> ShadowCtlRun.watched(lines::add, "watch", id, "--server", server.address()));
    await().until(() -> !lines.isEmpty());
    run("progress", id, "--percent", "40", "--records", "12");
    await().until(() -> lines.stream().anyMatch(line -> line.startsWith(" 40%  12 records")));
    run("complete", id, "--records", "12");
    run("switch", id);
    ShadowCtlRun watched = watch.join();
    assertThat(watched.exit()).isZero();
    assertThat(watched.lines().getFirst()).contains("main SEARCH_INDEX default is BUILDING");
    assertThat(watched.transitions())
        .containsExactly("BUILDING -> BUILT", "BUILT -> SWITCHING", "SWITCHING -> ACTIVE");
    assertThat(watched.lines())
        .contains("ready for switch", "switch: validating", "switch: locked", "switch: committed");
  }

  @Test
  void aBuildIsPausedResumedAndClaimed() {
    String id = start("main");
    assertThat(run("pause", id, "--reason", "maintenance").out()).contains("is paused");
    assertThat(server.get(id).getPaused()).isTrue();
    assertThat(run("resume", id).out()).contains("goes on");
    assertThat(server.get(id).getPaused()).isFalse();
    assertThat(run("claim", id).exit()).isEqualTo(1);
  }

  @Test
  void aWorkerThatWasReplacedIsRefusedByItsToken() {
    ShadowCtlRun started = run("start", "--branch", "main");
    String id = started.value("id");
    String[] report = {"progress", id, "--percent", "5", "--token", started.value("token")};
    assertThat(run(report).exit()).isZero();
    String token = run("claim", id, "--force").value("token");
    assertThat(run(report).exit()).isEqualTo(1);
    report[report.length - 1] = token;
    assertThat(run(report).exit()).isZero();
    assertThat(run("fail", id, "--message", "x", "--token", started.value("token")).exit())
        .isEqualTo(1);
    assertThat(run("complete", id, "--records", "1", "--token", started.value("token")).err())
        .contains("token");
  }

  @Test
  void watchExitsWith1WhenTheBuildIsGivenUp() {
    String cancelled = start("main");
    run("cancel", cancelled);
    assertThat(run("watch", cancelled).exit()).isEqualTo(1);
    String failed = start("main");
    run("fail", failed, "--message", "disk");
    ShadowCtlRun watched = run("watch", failed);
    assertThat(watched.exit()).isEqualTo(1);
    assertThat(watched.out()).contains("FAILED", "disk");
  }

  @Test
  void aServerThatGoesAwayEndsAWatchWithOneLine() {
    String id = start("main");
    Queue<String> lines = new ConcurrentLinkedQueue<>();
    CompletableFuture<ShadowCtlRun> watch =
        CompletableFuture.supplyAsync(
            () ->
                ShadowCtlRun.watched(
                    lines::add, "watch", id, "--patience", "1", "--server", server.address()));
    await().until(() -> !lines.isEmpty());
    server.close();
    ShadowCtlRun watched = watch.join();
    assertThat(watched.exit()).isEqualTo(4);
    assertThat(watched.err()).hasLineCount(1);
  }

  private String start(String branch) {
    return run("start", "--branch", branch).value("id");
  }

  private String built(long records) throws IOException {
    String id = start("main");
    write(id);
    assertThat(run("complete", id, "--records", String.valueOf(records)).exit()).isZero();
    return id;
  }

  private void write(String id) throws IOException {
    Files.writeString(Path.of(server.get(id).getShadowIndexPath()).resolve("segment"), "records");
  }

  private ShadowCtlRun run(String line) {
    return run(line.split(" "));
  }

  private ShadowCtlRun run(String... arguments) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "--server";
    all[arguments.length + 1] = server.address();
    return ShadowCtlRun.of(all);
  }
}
