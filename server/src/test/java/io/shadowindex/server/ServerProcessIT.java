package io.shadowindex.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThatCode;

import io.shadowindex.server.index.IndexFormat;
import io.shadowindex.server.testing.ScriptedFormat;
import io.shadowindex.server.testing.ServerProcess;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.WatchBuildRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher and the process: what it prints, how it ends. */
final class ServerProcessIT {

  private static final int FIRST_STARTS = Integer.getInteger("shadowindex.first.starts", 3);

  @TempDir private Path directory;

  @Test
  void saysWhereItListensAndEndsWith0OnSigterm() throws Exception {
    String id;
    try (ServerProcess server = ServerProcess.start(directory.resolve("data"))) {
      assertThat(server.firstLine()).matches("listening on 127\\.0\\.0\\.1:\\d+");
      id = start(server).getShadowIndexId();
      var watch =
          server.stub().watchBuild(WatchBuildRequest.newBuilder().setShadowIndexId(id).build());
      assertThat(watch.hasNext()).isTrue();

      assertThat(server.terminate()).isZero();
    }
    try (ServerProcess server = ServerProcess.start(directory.resolve("data"))) {
      assertThat(
              server
                  .stub()
                  .getShadowIndex(GetShadowIndexRequest.newBuilder().setShadowIndexId(id).build())
                  .getShadowIndex()
                  .getState())
          .isEqualTo(ShadowIndex.State.BUILDING);
    }
  }

  @Test
  void aFirstStartThatIsKilledAnywhereIsFollowedByOneThatServes() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    for (int i = 0; i < FIRST_STARTS; i++) {
      Path data = directory.resolve("data-" + i);
      Process starting = ServerProcess.launch(data, Map.of());
      var _ = starting.waitFor(200 + random.nextInt(1000), TimeUnit.MILLISECONDS);
      starting.destroyForcibly().waitFor();
      try (ServerProcess server = ServerProcess.start(data)) {
        assertThat(start(server).getState()).isEqualTo(ShadowIndex.State.BUILDING);
      }
    }
  }

  @Test
  void aSecondServerOnTheSameDirectoryIsRefusedInOneLine() throws Exception {
    Path data = directory.resolve("data");
    try (ServerProcess server = ServerProcess.start(data)) {
      Result second = run(Map.of(), "--listen", "127.0.0.1:0", "--data-dir", data.toString());

      assertThat(second.exit()).isEqualTo(1);
      assertThat(second.output())
          .isEqualTo("shadowindex-server: another server is using %s%n".formatted(data));
      assertThat(start(server).getState()).isEqualTo(ShadowIndex.State.BUILDING);
    }
  }

  @Test
  void allMistakesAreReportedTogetherAsUsage() throws Exception {
    Result result = run(Map.of("SHADOWINDEX_LISTEN", "nonsense"), "--data-dir", "/dev/null");

    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.output())
        .contains("SHADOWINDEX_LISTEN nonsense")
        .contains("--data-dir /dev/null");
  }

  @Test
  void aFlagThatTheEnvironmentSetsTooIsSet() throws Exception {
    Result result =
        run(
            Map.of("SHADOWINDEX_ALLOW_PLAINTEXT", "true"),
            "--allow-plaintext",
            "--listen",
            "0.0.0.0:0",
            "--data-dir",
            "/dev/null");

    assertThat(result.output()).contains("--data-dir /dev/null").doesNotContain("--listen");
  }

  @Test
  void whoMayNotGiveFilesAwayRestoresNothingForOthersAndLeavesNothing() throws Exception {
    Path data = Files.createDirectory(directory.resolve("data"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxrwxrwx"));
    assumeThatCode( // needs root, setpriv, and a launcher that others may run
            () -> {
              Files.setAttribute(data, "unix:uid", 4000);
              assertThat(runAsAnother("--version").exit()).isZero();
            })
        .doesNotThrowAnyException();
    String[] restore = {"restore", "backup", "--data-dir", data.toString()};

    Result refused = runAsAnother(restore);
    Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-xr-x"));
    Result shutOut = runAsAnother(restore);

    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.output())
        .startsWith("shadowindex-server: %s: belongs to 4000".formatted(data))
        .endsWith("restore as the user to whom it belongs, or as root\n");
    assertThat(shutOut.exit()).isEqualTo(1);
    assertThat(shutOut.output())
        .startsWith("shadowindex-server: %s: may not be written to; ".formatted(data));
    assertThat(data).isEmptyDirectory();
  }

  private static Result runAsAnother(String... arguments) throws Exception {
    ProcessBuilder launcher = ServerProcess.launcher(Map.of(), arguments);
    launcher
        .command()
        .addAll(0, List.of("setpriv", "--reuid=1234", "--regid=1234", "--clear-groups"));
    return run(launcher);
  }

  @Test
  void fileNamesAreUtf8WhateverTheLocale() throws Exception {
    try (ServerProcess server =
        ServerProcess.start(directory.resolve("data"), Map.of("LC_ALL", "C"))) {
      ShadowIndex build = start(server);
      Files.writeString(Path.of(build.getShadowIndexPath()).resolve("größe"), "x");

      ShadowIndex built =
          server
              .stub()
              .completeBuild(
                  CompleteBuildRequest.newBuilder()
                      .setShadowIndexId(build.getShadowIndexId())
                      .build())
              .getShadowIndex();

      assertThat(built.getState()).isEqualTo(ShadowIndex.State.BUILT);
    }
  }

  @Test
  void theVersionIsThatOfTheBuild() throws Exception {
    Result result = run(Map.of(), "--version");

    assertThat(result.exit()).isZero();
    assertThat(result.output()).matches("shadowindex-server \\d+\\.\\d+\\.\\d+\\S*\n");
    String version = result.output().strip().replaceFirst(".* ", "");
    assertThat(Path.of("pom.xml")).content().contains("<version>" + version + "</version>");
    assertThat(run(Map.of(), "restore", "--version").output()).isEqualTo(result.output());
  }

  @Test
  void helpNamesEveryFlagAndItsEnvironmentVariable() throws Exception {
    Result result = run(Map.of(), "--help");

    assertThat(result.exit()).isZero();
    assertThat(result.output())
        .contains("--listen", "SHADOWINDEX_LISTEN")
        .contains("--data-dir", "SHADOWINDEX_DATA_DIR")
        .contains("--index-root", "SHADOWINDEX_INDEX_ROOT")
        .contains("--rehearse", "SHADOWINDEX_REHEARSE")
        .contains("--allow-plaintext", "SHADOWINDEX_ALLOW_PLAINTEXT");
  }

  @Test
  void whatItGoesByIsPrintedWithItsSources() throws Exception {
    Path file = Files.writeString(directory.resolve("settings"), "grace = 5s\n");

    Result result =
        run(
            Map.of("SHADOWINDEX_CONFIG", file.toString(), "SHADOWINDEX_DRAIN", "6s"),
            "--lease",
            "7s",
            "config",
            "--tolerance=0.1");

    assertThat(result.exit()).isZero();
    assertThat(result.output())
        .contains("# set by flags\ntolerance = 0.1\nlease = 7s\n")
        .contains("# set in the environment\ndrain = 6s\n")
        .contains("# set in the file\ngrace = 5s\n")
        .contains("# defaults\nlisten = 127.0.0.1:50051\n");
  }

  private record Result(int exit, String output) {}

  private static Result run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    return run(ServerProcess.launcher(environment, arguments));
  }

  private static Result run(ProcessBuilder launcher) throws IOException, InterruptedException {
    Process process = launcher.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Result(process.exitValue(), output);
  }

  @Test
  void aFormatInAJarAmongThePluginsIsUsed() throws Exception {
    Path plugins = Files.createDirectories(directory.resolve("plugins"));
    writeJar(plugins.resolve("scripted-format.jar"));
    try (ServerProcess server =
        ServerProcess.start(
            directory.resolve("data"), Map.of("SHADOWINDEX_PLUGINS", plugins.toString()))) {
      ShadowIndex build = start(server);
      Files.writeString(Path.of(build.getShadowIndexPath()).resolve("script"), "records=7");

      ShadowIndex built =
          server
              .stub()
              .completeBuild(
                  CompleteBuildRequest.newBuilder()
                      .setShadowIndexId(build.getShadowIndexId())
                      .build())
              .getShadowIndex();

      assertThat(built.getRecordCount()).isEqualTo(7);
    }
  }

  /** A jar with {@link ScriptedFormat} and the file that names it. */
  private static void writeJar(Path jar) throws IOException {
    Path classes = Path.of("target/test-classes");
    String name = ScriptedFormat.class.getName().replace('.', '/');
    try (var out = new JarOutputStream(Files.newOutputStream(jar));
        var found =
            Files.newDirectoryStream(classes.resolve(name).getParent(), "ScriptedFormat*")) {
      var entries = new ArrayList<Path>();
      found.forEach(entries::add);
      entries.add(classes.resolve("META-INF/services/" + IndexFormat.class.getName()));
      for (Path entry : entries) {
        out.putNextEntry(new JarEntry(classes.relativize(entry).toString()));
        Files.copy(entry, out);
      }
    }
  }

  private static ShadowIndex start(ServerProcess server) {
    return server
        .stub()
        .startBuild(
            StartBuildRequest.newBuilder()
                .setBranchName("main")
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .addResourceTypes("object_type")
                .build())
        .getShadowIndex();
  }
}
