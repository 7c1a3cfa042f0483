package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.client.testing.SourceTree;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The worker and the reader of shadowctl, against a real server. */
final class IndexAndSearchTest {

  @TempDir private Path directory;
  private Path input;
  private RunningServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = RunningServer.start(directory);
    input = SourceTree.write(directory.resolve("input"), 42);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void whatIsIndexedAndSwitchedIsFound() {
    ShadowCtlRun indexed = index(input, "--switch");
    assertThat(indexed.exit()).isZero();
    assertThat(indexed.out()).contains("Indexed 42 files", "completed successfully", "lock held");
    ShadowCtlRun found = search("unique37");
    assertThat(found.exit()).isZero();
    assertThat(found.lines()).containsExactly("1 of 42 files match", SourceTree.name(37));
  }

  @Test
  void aZipIsIndexedToo() throws IOException {
    assertThat(index(SourceTree.zip(directory.resolve("in.zip"), 12), "--switch").exit()).isZero();
    assertThat(search("common", "--limit", "3").lines())
        .hasSize(4)
        .first()
        .isEqualTo("12 of 12 files match");
  }

  @Test
  void withoutSwitchReadersKeepWhatTheyHave() throws IOException {
    index(input, "--switch");
    SourceTree.write(input, 60);
    ShadowCtlRun second = index(input);
    assertThat(second.exit()).isZero();
    assertThat(server.builds("main").getFirst().getState()).isEqualTo(State.BUILT);
    assertThat(search("common").out()).startsWith("42 of 42 files match");
  }

  @Test
  void skippedFilesAreToldByReason() throws IOException {
    Files.write(input.resolve("image"), new byte[] {0});
    assertThat(index(input).out()).contains("Indexed 42 files", "skipped 1 not text");
  }

  @Test
  void progressIsPrintedInStepsWhereThereIsNoTerminal() {
    assertThat(index(input).lines()).anyMatch(line -> line.startsWith("100%  42 records"));
  }

  @Test
  void theGenerationHoldsNoLockFile() {
    index(input, "--switch");
    assertThat(Path.of(server.builds("main").getFirst().getShadowIndexPath()))
        .isDirectoryNotContaining(file -> file.endsWith("write.lock"));
  }

  @Test
  void aBuildThatSomebodyCancelsEndsTheWorkerWithOneLine() {
    ShadowCtlRun run =
        ShadowCtlRun.watched(
            line -> {
              if (line.startsWith("Build ")) {
                cancelAll();
              }
            },
            "index",
            "--branch",
            "main",
            "--input",
            input.toString(),
            "--server",
            server.address());
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).contains("taken away", "CANCELLED").hasLineCount(1);
    assertThat(server.builds("main").getFirst().getState()).isEqualTo(State.CANCELLED);
  }

  @Test
  void aSwitchThatIsRefusedExitsWith1AndKeepsTheBuild() throws IOException {
    Path binary = Files.createDirectory(directory.resolve("binary"));
    Files.write(binary.resolve("image"), new byte[] {0});
    ShadowCtlRun run = index(binary, "--switch");
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("validation: Shadow index has no records");
    assertThat(server.builds("main").getFirst().getState()).isEqualTo(State.BUILT);
  }

  @Test
  void searchingBeforeTheFirstSwitchFindsNothingAndCreatesNothing() {
    ShadowIndex build = server.client().startBuild(RunningServer.search("main")).getShadowIndex();
    ShadowCtlRun run = search("common");
    assertThat(run.exit()).isEqualTo(3);
    assertThat(run.err()).contains("no live index").hasLineCount(1);
    assertThat(Files.exists(Path.of(build.getCurrentIndexPath()), LinkOption.NOFOLLOW_LINKS))
        .isFalse();
  }

  @Test
  void searchingAnIndexThatNeverWasIsNotFound() {
    assertThat(search("common").exit()).isEqualTo(3);
  }

  @Test
  void aQueryThatCannotBeReadIsWrongUsage() {
    index(input, "--switch");
    ShadowCtlRun run = search("(open");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("(open").hasLineCount(1);
  }

  private ShadowCtlRun index(Path from, String... more) {
    return run("index", "--input", from.toString(), more);
  }

  private ShadowCtlRun search(String query, String... more) {
    return run("search", "--", query, more);
  }

  private ShadowCtlRun run(String command, String option, String value, String... more) {
    List<String> arguments = new ArrayList<>();
    arguments.add(command);
    arguments.addAll(List.of("--branch", "main", "--server", server.address()));
    arguments.addAll(List.of(more));
    arguments.add(option);
    arguments.add(value);
    return ShadowCtlRun.of(arguments.toArray(String[]::new));
  }

  private void cancelAll() {
    server
        .builds("main")
        .forEach(
            build ->
                server
                    .client()
                    .cancelBuild(
                        CancelBuildRequest.newBuilder()
                            .setShadowIndexId(build.getShadowIndexId())
                            .build()));
  }
}
