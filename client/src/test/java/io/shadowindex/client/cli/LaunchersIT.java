package io.shadowindex.client.cli;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.client.testing.SourceTree;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The scripts that people start, as processes of their own. */
final class LaunchersIT {

  /** Enough to be interrupted before the last one is indexed. */
  private static final int MANY_FILES = 40_000;

  private static final long LIMIT_MINUTES = 3;

  @TempDir private Path directory;
  private Path temporary;
  private Path printed;

  @BeforeEach
  void createDirectories() throws IOException {
    temporary = Files.createDirectory(directory.resolve("tmp"));
    printed = directory.resolve("printed");
  }

  @Test
  void theDemoSucceedsAndLeavesNothing() throws Exception {
    Path input = SourceTree.write(directory.resolve("input"), 50);
    Process demo = launch("demo", input.toString());
    assertThat(demo.waitFor(LIMIT_MINUTES, MINUTES)).isTrue();
    assertThat(demo.exitValue()).as(printed()).isZero();
    assertThat(printed()).contains("failed searches     0");
    assertThat(temporary).isEmptyDirectory();
    assertThatNobodyListensAt(serverAddress());
  }

  @Test
  void aDemoThatIsStoppedLeavesNothing() throws Exception {
    Path input = SourceTree.zip(directory.resolve("in.zip"), MANY_FILES);
    Process demo = launch("demo", input.toString());
    await().atMost(LIMIT_MINUTES, MINUTES).until(() -> printed().contains("writes to"));
    demo.destroy();
    assertThat(demo.waitFor(LIMIT_MINUTES, MINUTES)).isTrue();
    assertThat(demo.exitValue()).isEqualTo(143);
    assertThat(printed()).contains("the build is CANCELLED");
    assertThat(temporary).isEmptyDirectory();
    assertThatNobodyListensAt(serverAddress());
  }

  @ParameterizedTest
  @CsvSource({"INT,130", "TERM,143"})
  void anInterruptedWorkerCancelsItsBuildAndSaysSo(String signal, int exit) throws Exception {
    Path input = SourceTree.zip(directory.resolve("in.zip"), MANY_FILES);
    try (RunningServer server = RunningServer.start(directory)) {
      Process worker =
          launch(
              "shadowctl",
              "index",
              "--branch=main",
              "--input=" + input,
              "--server=" + server.address());
      await().atMost(LIMIT_MINUTES, MINUTES).until(() -> printed().contains("writes to"));
      new ProcessBuilder("kill", "-" + signal, String.valueOf(worker.pid())).start().waitFor();
      assertThat(worker.waitFor(LIMIT_MINUTES, MINUTES)).isTrue();
      assertThat(worker.exitValue()).isEqualTo(exit);
      assertThat(printed()).contains("shadowctl: Interrupted; the build is CANCELLED.");
      assertThat(server.builds("main").getFirst().getState()).isEqualTo(State.CANCELLED);
    }
  }

  @Test
  void nothingOfTheLibrariesIsPrinted() throws Exception {
    Path input = SourceTree.write(directory.resolve("input"), 5);
    try (RunningServer server = RunningServer.start(directory)) {
      Process worker =
          launch(
              "shadowctl",
              "index",
              "--branch=main",
              "--input=" + input,
              "--server=" + server.address());
      assertThat(worker.waitFor(LIMIT_MINUTES, MINUTES)).isTrue();
      assertThat(printed().lines())
          .isNotEmpty()
          .allMatch(line -> line.matches("Build .*|Indexed .*| *\\d+% .*"));
    }
  }

  @Test
  void theVersionIsThatOfTheBuild() throws Exception {
    Process launcher = launch("shadowctl", "--version");
    assertThat(launcher.waitFor(LIMIT_MINUTES, MINUTES)).isTrue();
    assertThat(printed().strip()).matches("shadowctl \\d+\\.\\d+\\.\\d+\\S*");
    String version = printed().strip().replaceFirst(".* ", "");
    assertThat(Path.of("pom.xml")).content().contains("<version>" + version + "</version>");
  }

  @Test
  void aLauncherWithoutItsJarSaysWhatToRun() throws Exception {
    Path bin = Files.createDirectories(directory.resolve("client/bin"));
    Path copy = Files.copy(Path.of("bin/shadowctl"), bin.resolve("shadowctl"));
    Process launcher = start(copy, List.of("list"));
    assertThat(launcher.waitFor(LIMIT_MINUTES, MINUTES)).isTrue();
    assertThat(launcher.exitValue()).isEqualTo(2);
    assertThat(printed()).contains("make build").hasLineCount(1);
  }

  private Process launch(String launcher, String... arguments) throws IOException {
    return start(Path.of("bin", launcher).toAbsolutePath(), List.of(arguments));
  }

  private Process start(Path launcher, List<String> arguments) throws IOException {
    ProcessBuilder process = new ProcessBuilder(launcher.toString());
    process.command().addAll(arguments);
    process.environment().put("TMPDIR", temporary.toString());
    return process.redirectErrorStream(true).redirectOutput(printed.toFile()).start();
  }

  private String printed() throws IOException {
    return Files.readString(printed);
  }

  private String serverAddress() throws IOException {
    return printed()
        .lines()
        .filter(line -> line.startsWith("Server at "))
        .map(line -> line.replaceFirst("Server at (\\S+),.*", "$1"))
        .findFirst()
        .orElseThrow();
  }

  private static void assertThatNobodyListensAt(String address) {
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    assertThat(catchThrowable(() -> new Socket(InetAddress.getLoopbackAddress(), port).close()))
        .isInstanceOf(ConnectException.class);
  }
}
