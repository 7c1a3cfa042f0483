package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.lucene.LuceneWorker;
import io.shadowindex.client.lucene.SourceFiles;
import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.client.testing.SourceTree;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DemoTest {

  private static final int FILES = 60;

  @TempDir private Path directory;
  private Path input;
  private RunningServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = RunningServer.start(directory);
    input = SourceTree.write(directory.resolve("input"), FILES);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void readersSeeBothGenerationsAndNoSearchFails() {
    ShadowCtlRun run = demo(input);
    assertThat(run.err()).isEmpty();
    assertThat(run.exit()).isZero();
    assertThat(run.value("documents")).isEqualTo("54 in generation 1, 60 in generation 2");
    assertThat(run.value("failed searches")).isEqualTo("0");
    assertThat(run.value("searches")).doesNotContain(" 0 read").doesNotEndWith(" 0 generation 2");
    assertThat(run.value("writers locked out")).contains(" ms by the first switch");
  }

  @Test
  void theRebuildIsShownAsTheServerTellsIt() {
    assertThat(demo(input).transitions())
        .containsExactly("BUILDING -> BUILT", "BUILT -> SWITCHING", "SWITCHING -> ACTIVE");
  }

  @Test
  void theSummaryNamesTheGenerationsBeforeAndAfter() {
    ShadowCtlRun run = demo(input);
    List<ShadowIndex> builds = server.builds("main");
    assertThat(run.value("generation after")).isEqualTo(builds.get(0).getShadowIndexId());
    assertThat(run.value("generation before")).isEqualTo(builds.get(1).getShadowIndexId());
    assertThat(builds)
        .extracting(ShadowIndex::getState)
        .containsExactly(State.ACTIVE, State.CLEANUP);
  }

  @Test
  void theDemoRunsAgainOnTheSameServer() {
    assertThat(demo(input).exit()).isZero();
    assertThat(demo(input).exit()).isZero();
  }

  @Test
  void anInputOfOneFileIsTooSmall() throws IOException {
    Path one = SourceTree.write(directory.resolve("one"), 1);
    ShadowCtlRun run = demo(one);
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("at least 2 files").hasLineCount(1);
  }

  @Test
  void aSearchThatFindsAWrongNumberIsAFailedSearch() throws Exception {
    ShadowIndex built = build();
    ExpectedAnswers wrong =
        new ExpectedAnswers(
            Path.of(built.getShadowIndexPath()).toRealPath(), FILES, Map.of("common", 59L));
    assertThat(failures(built, wrong).getFirst()).contains("'common' is in 60 of 60 files");
  }

  @Test
  void aGenerationWithAWrongNumberOfDocumentsIsAFailedSearch() throws Exception {
    ShadowIndex built = build();
    ExpectedAnswers wrong =
        new ExpectedAnswers(
            Path.of(built.getShadowIndexPath()).toRealPath(), 59, Map.of("common", 60L));
    assertThat(failures(built, wrong).getFirst()).contains("instead of 60 of 59");
  }

  @Test
  void aGenerationThatNobodySwitchedToIsAFailedSearch() throws Exception {
    ShadowIndex built = build();
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    ExpectedAnswers other = new ExpectedAnswers(elsewhere, FILES, Map.of());
    assertThat(failures(built, other).getFirst()).contains("never switched to");
  }

  private ShadowCtlRun demo(Path from) {
    return ShadowCtlRun.of(
        "demo", "--server", server.address(), "--input", from.toString(), "--readers", "2");
  }

  private ShadowIndex build() throws IOException, InterruptedException {
    try (ShadowIndexClient client = ShadowIndexClient.connect(server.address());
        SourceFiles source = SourceFiles.open(input)) {
      return new LuceneWorker(client, 2)
          .build(
              RunningServer.search("main"), source, source.files(), new LuceneWorker.Observer() {});
    }
  }

  /** What readers of the generation meet when they expect those answers. */
  private static List<String> failures(ShadowIndex built, ExpectedAnswers expected) {
    try (LiveReaders readers =
        new LiveReaders(Path.of(built.getShadowIndexPath()), List.of("common"))) {
      readers.expect(expected);
      readers.start(1);
      await().until(() -> readers.failed() > 0);
      readers.stop();
      assertThat(readers.searches(expected.generation())).isZero();
      return readers.firstFailures();
    }
  }
}
