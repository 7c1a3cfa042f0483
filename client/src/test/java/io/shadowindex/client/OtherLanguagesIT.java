package io.shadowindex.client;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.shadowindex.client.testing.ServerProcess;
import io.shadowindex.client.testing.SteadyWorker;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The examples in Python and JavaScript, and a worker in Java, against a real server that is killed
 * under them. They need what {@code client/examples/install} gets, so only {@code make
 * test-clients} runs them.
 */
final class OtherLanguagesIT {

  private static final int FILES = 60;
  private static final Pattern BUILDING = Pattern.compile("building (\\S+) in (\\S+)");
  private static final Pattern REVISION = Pattern.compile("\\{\"revision\":\"(\\d+)\"");

  @TempDir private Path directory;
  private final List<Process> started = new ArrayList<>();
  private ServerProcess server;
  private ShadowIndexClient client;

  @BeforeEach
  void startServer() throws IOException {
    assumeTrue(Boolean.getBoolean("shadowindex.examples"), "run by make test-clients");
    server = ServerProcess.start(directory);
    client = ShadowIndexClient.connect(server.address());
  }

  @AfterEach
  void stopProcesses() {
    if (server == null) {
      return; // was not to be run
    }
    client.close();
    server.close();
    started.forEach(Process::destroyForcibly);
    started.forEach(process -> process.onExit().join());
  }

  @Test
  void workersInPythonAndJavaAndANodeWatcherGoOnWhenTheServerIsKilled() throws Exception {
    Path said = directory.resolve("worker.out");
    Process worker = launchPythonWorker(said);
    String id = startedBy(said);
    Path seen = directory.resolve("watcher.out");
    Process watcher = launch(seen, "node", "examples/node/watcher.mjs", server.address(), id);
    SteadyWorker inJava = new SteadyWorker(client, "java");
    var javaBuild = CompletableFuture.supplyAsync(() -> run(inJava));

    for (int kill = 1; kill <= 2; kill++) {
      int enough = kill * FILES / 4;
      await().atMost(Duration.ofMinutes(1)).until(() -> reported(id) >= enough);
      server.killAndRestart();
    }
    inJava.complete();

    assertThat(worker.waitFor(2, MINUTES)).isTrue();
    assertThat(worker.exitValue()).as(read(said)).isZero();
    assertThat(read(said)).contains("complete: " + FILES + " files").contains("successfully");
    assertThat(watcher.waitFor(1, MINUTES)).isTrue();
    assertThat(watcher.exitValue()).as(read(seen)).isZero();
    assertThat(Path.of(build(id).getCurrentIndexPath()).resolve("words-l.json")).isNotEmptyFile();
    assertThat(build(id).getState()).isEqualTo(State.ACTIVE);
    assertSeenOnce(read(seen));
    assertThat(javaBuild.get(1, MINUTES).getRecordCount()).isEqualTo(inJava.reported());
  }

  private static ShadowIndex run(SteadyWorker worker) {
    try {
      return worker.call();
    } catch (Exception e) {
      throw new CompletionException(e);
    }
  }

  @Test
  void aWorkerInPythonPausesAndStopsWhenItIsTold() throws Exception {
    Path said = directory.resolve("worker.out");
    Process worker = launchPythonWorker(said);
    String id = startedBy(said);

    var _ = client.pauseBuild(PauseBuildRequest.newBuilder().setShadowIndexId(id).build());
    await().atMost(Duration.ofMinutes(1)).until(() -> read(said).contains("paused"));
    long paused = reported(id);
    var _ = client.resumeBuild(ResumeBuildRequest.newBuilder().setShadowIndexId(id).build());
    await().atMost(Duration.ofMinutes(1)).until(() -> reported(id) > paused);
    var _ = client.cancelBuild(CancelBuildRequest.newBuilder().setShadowIndexId(id).build());

    assertThat(worker.waitFor(1, MINUTES)).isTrue();
    assertThat(worker.exitValue()).isOne();
    assertThat(read(said))
        .contains("FAILED_PRECONDITION: ", "CANCELLED")
        .doesNotContain("complete: ");
  }

  @Test
  void anInterruptedWorkerInPythonSaysSo() throws Exception {
    Path said = directory.resolve("worker.out");
    Process worker = launchPythonWorker(said);
    String id = startedBy(said);
    await().atMost(Duration.ofMinutes(1)).until(() -> reported(id) > 0);

    new ProcessBuilder("kill", "-INT", String.valueOf(worker.pid())).start().waitFor();

    assertThat(worker.waitFor(1, MINUTES)).isTrue();
    assertThat(worker.exitValue()).isEqualTo(130);
    assertThat(build(id).getState()).isEqualTo(State.FAILED);
    assertThat(build(id).getErrorMessage()).contains("KeyboardInterrupt");
  }

  @Test
  void aWatcherSaysWhatItCannotWatch() throws Exception {
    Path seen = directory.resolve("watcher.out");
    Process watcher =
        launch(
            seen,
            "node",
            "examples/node/watcher.mjs",
            server.address(),
            "00000000-0000-0000-0000-000000000000");

    assertThat(watcher.waitFor(1, MINUTES)).isTrue();
    assertThat(watcher.exitValue()).isOne();
    assertThat(read(seen)).startsWith("NOT_FOUND: ");
  }

  /** Every transition was printed, in its order, and none twice. */
  private static void assertSeenOnce(String seen) {
    var changes = seen.lines().filter(line -> line.contains("\"state_change\"")).toList();
    var revisions = new ArrayList<Long>();
    for (String change : changes) {
      var revision = REVISION.matcher(change);
      assertThat(revision.find()).as(change).isTrue();
      revisions.add(Long.valueOf(revision.group(1)));
    }
    assertThat(revisions).isSorted().doesNotHaveDuplicates();
    for (String state : List.of("BUILT", "SWITCHING", "ACTIVE")) {
      assertThat(changes)
          .filteredOn(change -> change.contains("\"state\":\"" + state + "\""))
          .as(state)
          .hasSize(1);
    }
  }

  private long reported(String id) {
    return build(id).getRecordCount();
  }

  private ShadowIndex build(String id) {
    return client
        .getShadowIndex(GetShadowIndexRequest.newBuilder().setShadowIndexId(id).build())
        .getShadowIndex();
  }

  /** One that takes a tenth of a second for each file, and switches in the end. */
  private Process launchPythonWorker(Path output) throws Exception {
    Path input = Files.createDirectory(directory.resolve("input"));
    for (int i = 0; i < FILES; i++) {
      Files.writeString(input.resolve("text-" + i), "lorem ipsum number" + i);
    }
    return launch(
        output,
        python(),
        "examples/python/worker.py",
        "--server=" + server.address(),
        "--branch=main",
        "--pause-ms=100",
        "--switch",
        input.toString());
  }

  /** The build of that worker, once it has said so. */
  private static String startedBy(Path said) throws IOException {
    await().atMost(Duration.ofMinutes(1)).until(() -> BUILDING.matcher(read(said)).find());
    var building = BUILDING.matcher(read(said));
    assertThat(building.find()).isTrue();
    return building.group(1);
  }

  private Process launch(Path output, String... command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    started.add(process);
    return process;
  }

  /** The first Python that has gRPC: Debian's, where another one comes first on the path. */
  private static String python() throws IOException, InterruptedException {
    for (String python : List.of("python3", "/usr/bin/python3")) {
      if (new ProcessBuilder(python, "-c", "import grpc").start().waitFor() == 0) {
        return python;
      }
    }
    throw new IOException("no Python with gRPC: run client/examples/install");
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file);
  }
}
