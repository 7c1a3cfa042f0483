package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.server.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A backup by hand, and its restoration by the server's command. */
final class BackupCommandTest {

  @TempDir private Path directory;

  @Test
  void aBackupIsWrittenAndRestored() throws IOException {
    Path file = directory.resolve("state.zip");
    String id;
    try (RunningServer server = RunningServer.start(directory)) {
      id =
          server
              .client()
              .startBuild(RunningServer.search("main"))
              .getShadowIndex()
              .getShadowIndexId();
      ShadowCtlRun written = backUp(server, file);
      assertThat(written.exit()).as(written.err()).isZero();
      assertThat(written.out()).contains("wrote %d bytes".formatted(Files.size(file)));
      assertThat(directory).isDirectoryNotContaining("glob:**.part");

      Path other = directory.resolve("other.zip");
      assertThat(backUp(server, other, "-o", "json").out())
          .contains("\"file\"", other.toString(), "\"size_bytes\"");

      ShadowCtlRun again = backUp(server, file);
      assertThat(again.exit()).isEqualTo(2);
      assertThat(again.err()).contains("is there already");

      assertThat(restore(file, directory.resolve("data")))
          .isEqualTo("1 shadowindex-server: another server is using " + directory.resolve("data"));
    }

    Path data = directory.resolve("data");
    assertThat(restore(file, data)).contains("there is a state in", "--replace moves it aside");
    assertThat(restore(file, data, "--replace"))
        .startsWith("0 restored")
        .contains("state.replaced-");
    assertThat(restore(directory.resolve("none"), data, "--replace"))
        .isEqualTo("1 shadowindex-server: there is no file " + directory.resolve("none"));
    try (RunningServer server = RunningServer.start(directory)) {
      assertThat(server.get(id).getBranchName()).isEqualTo("main");
    }
  }

  private static ShadowCtlRun backUp(RunningServer server, Path file, String... options) {
    List<String> arguments =
        new ArrayList<>(List.of("backup", file.toString(), "--server", server.address()));
    arguments.addAll(List.of(options));
    return ShadowCtlRun.of(arguments.toArray(String[]::new));
  }

  /** The exit code and what was printed. */
  private static String restore(Path file, Path data, String... options) {
    var printed = new StringWriter();
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(printed, true)).setErr(new PrintWriter(printed, true));
    var arguments = new ArrayList<String>();
    arguments.addAll(List.of("restore", file.toString(), "--data-dir", data.toString()));
    arguments.addAll(List.of(options));
    return line.execute(arguments.toArray(String[]::new)) + " " + printed.toString().strip();
  }
}
