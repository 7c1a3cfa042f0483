package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What shadowctl says without a server. */
final class ShadowCtlUsageTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "get",
        "get 1 2",
        "get 1 --nonsense",
        "get 1 --server nowhere",
        "--server localhost:0 get 1",
        "start",
        "start --branch b --type NONSENSE",
        "start --branch b --type UNRECOGNIZED",
        "list --state STATE_UNSPECIFIED",
        "progress 1",
        "progress 1 --percent many",
        "switch 1 --check NONSENSE",
        "index --branch b",
        "index --branch b --input /nowhere/to/be/found",
        "search --branch b",
        "search --branch b --limit 0 query",
        "demo --input . --readers 0",
        "demo --input . --threads x"
      })
  void wrongUsageIsOneLineAndExitCode2(String arguments) {
    ShadowCtlRun run = ShadowCtlRun.of(arguments.isEmpty() ? new String[0] : arguments.split(" "));
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).startsWith("shadowctl: ").hasLineCount(1);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void aWrongValueIsAnsweredWithTheRightOnes() {
    ShadowCtlRun run = ShadowCtlRun.of("start", "--branch", "b", "--type", "NONSENSE");
    assertThat(run.err())
        .contains("'NONSENSE'", "SEARCH_INDEX", "VALIDATION_INDEX", "shadowctl start --help")
        .doesNotContain("UNRECOGNIZED", "UNSPECIFIED");
  }

  @Test
  void aMistypedValueCommandOrOptionIsMended() {
    assertThat(ShadowCtlRun.of("start", "--branch", "b", "--type", "serch-index").err())
        .contains("did you mean SEARCH_INDEX?")
        .hasLineCount(1);
    assertThat(ShadowCtlRun.of("swich", "1").err())
        .contains("did you mean switch?")
        .hasLineCount(1);
    assertThat(ShadowCtlRun.of("list", "--sate=BUILT").err())
        .contains("did you mean --state?")
        .hasLineCount(1);
    assertThat(ShadowCtlRun.of("start", "--branch", "b", "--type", "nonsense").err())
        .doesNotContain("did you mean");
  }

  @Test
  void everyCommandHasAManualPage() {
    for (String command : ShadowCtlRun.commandLine().getSubcommands().keySet()) {
      ShadowCtlRun run = ShadowCtlRun.of(command, "--help");
      assertThat(run.exit()).isZero();
      assertThat(run.out())
          .startsWith("NAME%n    shadowctl %s - ".formatted(command))
          .contains("SYNOPSIS", "EXAMPLES", "EXIT CODES", "--server", "4   no server answers");
      assertThat(run.err()).isEmpty();
    }
    assertThat(ShadowCtlRun.of("--help").out()).contains("COMMANDS", "--token-file=FILE");
  }

  @Test
  void aServerThatIsNotThereIsNamedWithAWayToStartOne() throws IOException {
    String nobody = "127.0.0.1:" + freePort();
    ShadowCtlRun run = ShadowCtlRun.of("list", "--server", nobody);
    assertThat(run.exit()).isEqualTo(4);
    assertThat(run.err()).contains(nobody, "server/bin/shadowindex-server").hasLineCount(1);
  }

  @Test
  void theServerMayBeNamedBeforeTheCommand() throws IOException {
    String nobody = "127.0.0.1:" + freePort();
    assertThat(ShadowCtlRun.of("--server", nobody, "list").err()).contains(nobody);
  }

  @Test
  void stackTracesAreForThoseWhoAsk() throws IOException {
    String nobody = "127.0.0.1:" + freePort();
    assertThat(ShadowCtlRun.of("list", "--server", nobody).err()).doesNotContain("\tat ");
    assertThat(ShadowCtlRun.of("list", "--server", nobody, "--verbose").err()).contains("\tat ");
  }

  @Test
  void anInputWithoutFilesIsRefusedBeforeABuildIsStarted() throws IOException {
    Path empty = Files.createDirectory(directory.resolve("empty"));
    ShadowCtlRun run = ShadowCtlRun.of("index", "--branch", "b", "--input", empty.toString());
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("no files").hasLineCount(1);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
