package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.Lifecycle;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.EnumSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The commands that wait for what others do. */
final class WaitAndTopTest {

  @TempDir private Path directory;
  private RunningServer server;
  private String id;

  @BeforeEach
  void startBuild() throws IOException {
    server = RunningServer.start(directory);
    id = run("start --branch main -o name").out().strip();
    Files.writeString(Path.of(server.get(id).getShadowIndexPath()).resolve("segment"), "records");
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void waitEndsAsSoonAsTheBuildIsInTheState() {
    Background waiting = background("wait " + id + " --for=state=ACTIVE --timeout=1m");
    await().until(() -> waiting.lines.contains("BUILDING"));
    run("complete " + id + " --records 7");
    run("switch " + id);
    ShadowCtlRun waited = waiting.run.join();
    assertThat(waited.exit()).isZero();
    assertThat(waited.lines())
        .startsWith("BUILDING", "BUILT: 7 records, 7 bytes")
        .endsWith("ACTIVE");
  }

  @Test
  void aStateThatThereWasEvenForAMomentCounts() {
    Background waiting = background("wait " + id + " --for state=SWITCHING,failed");
    await().until(() -> waiting.lines.contains("BUILDING"));
    run("complete " + id + " --records 7");
    run("switch " + id);
    assertThat(waiting.run.join().exit()).isZero();
  }

  @Test
  void waitFailsAtOnceWhenTheStateCanNoLongerBeReached() {
    run("fail " + id + " --message disk");
    ShadowCtlRun run = run("wait " + id + " --for state=BUILT,ACTIVE");
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).contains(id, "is FAILED", "BUILT or ACTIVE").hasLineCount(1);
    assertThat(run.out()).contains("FAILED: disk");
    assertThat(run("wait " + id + " --for state=PREPARING").exit()).isEqualTo(1);
    assertThat(run("wait " + id + " --for state=FAILED").exit()).isZero();
  }

  @Test
  void waitEndsWithItsOwnExitCodeWhenTheTimeIsOver() {
    ShadowCtlRun run = run("wait " + id + " --for state=ACTIVE --timeout 200ms");
    assertThat(run.exit()).isEqualTo(5);
    assertThat(run.err()).contains("was not ACTIVE within 0.2s").hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "--for state=ACTIV           | did you mean ACTIVE?",
        "--for ACTIVE                | is not state=STATE",
        "--for state=ACTIVE --timeout soon | 'soon' is not a time such as 90s",
        "--timeout 10m               | --for"
      })
  void aWaitThatMakesNoSenseIsWrongUsage(String options, String said) {
    ShadowCtlRun run = run("wait " + id + " " + options);
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains(said).hasLineCount(1);
  }

  /** The server's own table, so that the two do not grow apart. */
  @ParameterizedTest
  @EnumSource(
      value = State.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"STATE_UNSPECIFIED", "UNRECOGNIZED"})
  void whatComesAfterAStateIsWhatTheLifecycleSays(State state) {
    Set<BuildState> reached = EnumSet.noneOf(BuildState.class);
    Queue<BuildState> next = new ArrayDeque<>(Set.of(BuildState.valueOf(state.name())));
    while (!next.isEmpty()) {
      BuildState from = next.remove();
      for (Lifecycle.Row row : Lifecycle.rows()) {
        boolean bySomebody =
            row.trigger() == Lifecycle.Trigger.RETRY
                || row.trigger() == Lifecycle.Trigger.REINSTATED;
        if (row.from() == from && !bySomebody && reached.add(row.to())) {
          next.add(row.to());
        }
      }
    }
    assertThat(WaitCommand.after(state).stream().map(State::name))
        .containsExactlyInAnyOrderElementsOf(reached.stream().map(BuildState::name).toList());
  }

  @Test
  void topShowsBuildsAndLocksOnce() {
    run("progress " + id + " --percent 40 --records 1234");
    run("lock --branch main --resource-type a --owner alice --for migration");
    ShadowCtlRun top = run("top --once");
    assertThat(top.exit()).isZero();
    assertThat(top.lines().get(1)).isEqualTo("1 building; 1 lock");
    assertThat(top.out()).contains(id, "40%", "1,234", "main SEARCH_INDEX default");
    assertThat(top.out()).contains("alice", "MIGRATION", "a in main");
  }

  @Test
  void topShowsLocksThatDoNotFitIntoOneMessage() {
    var request =
        AcquireLockRequest.newBuilder()
            .setBranchName("main")
            .setScope(Lock.Scope.BRANCH)
            .setMode(Lock.Mode.SHARED)
            .setOwner("reader")
            .setTtlSeconds(60)
            .build();
    for (int i = 0; i < 201; i++) {
      var _ = server.client().acquireLock(request);
    }

    assertThat(run("top --once").out()).contains("1 building; 201 locks");
  }

  @Test
  void topFitsATerminalOf40Columns() {
    run("lock --branch main --owner somebody-with-a-long-name");
    String[] top = {"top", "--once", "--server", server.address()};
    ShadowCtlRun narrow = ShadowCtlRun.onTerminal(40, Map.of(), top);
    assertThat(
            narrow.lines().stream().map(line -> line.replaceAll("\u001b\\[[?0-9;]*[a-zA-Z]", "")))
        .anyMatch(line -> line.startsWith(id.substring(0, 8) + "  BUILDING  0%    main SEA"))
        .allMatch(line -> line.length() <= 40);
  }

  @Test
  void topFollowsWhatHappens() {
    Background top = background("top --interval 50ms");
    await().until(() -> top.lines.contains("1 building; 0 locks"));
    run("complete " + id + " --records 7");
    await().until(() -> top.lines.contains("1 built; 0 locks"));
    run("switch " + id);
    await().until(() -> top.lines.contains("1 active; 0 locks"));
    run("lock --branch other");
    await().until(() -> top.lines.contains("1 active; 1 lock"));
    run("delete --branch main");
    await().until(() -> top.lines.contains("no builds; 1 lock"));
    top.end();
  }

  @Test
  void topGoesOnWhenTheServerIsRestarted() throws IOException {
    Background top = background("top --interval 50ms");
    await().until(() -> top.lines.contains("1 building; 0 locks"));
    server.restart();
    run("cancel " + id);
    await().until(() -> top.lines.contains("no builds; 0 locks"));
    top.end();
  }

  @Test
  void topTellsAllThatHappensAsJson() {
    Background top = background("top -o json");
    await().until(() -> top.lines.stream().anyMatch(line -> line.contains("\"heartbeat\"")));
    assertThat(top.lines).anyMatch(line -> line.contains("\"shadow_index_id\":\"" + id));
    top.end();
  }

  /** A command on a thread of its own. */
  private record Background(
      Thread thread, CompletableFuture<ShadowCtlRun> run, Queue<String> lines) {
    /** As Ctrl-C does. */
    void end() {
      thread.interrupt();
      assertThat(run.join().exit()).isZero();
    }
  }

  private Background background(String line) {
    Queue<String> lines = new ConcurrentLinkedQueue<>();
    CompletableFuture<ShadowCtlRun> run = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .name("shadowctl")
            .daemon()
            .start(() -> run.complete(ShadowCtlRun.watched(lines::add, arguments(line))));
    return new Background(thread, run, lines);
  }

  private ShadowCtlRun run(String line) {
    return ShadowCtlRun.of(arguments(line));
  }

  private String[] arguments(String line) {
    return (line + " --server " + server.address()).split(" ", -1);
  }
}
