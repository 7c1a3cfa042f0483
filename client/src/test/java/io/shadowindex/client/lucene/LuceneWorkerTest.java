package io.shadowindex.client.lucene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.shadowindex.client.ShadowIndexException;
import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.client.testing.SourceTree;
import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LuceneWorkerTest {

  private static final int FILES = 40;

  @TempDir private Path directory;
  private RunningServer server;
  private LuceneWorker worker;
  private SourceFiles source;

  @BeforeEach
  void startServer() throws IOException {
    server = RunningServer.start(directory);
    worker = new LuceneWorker(server.client(), 2);
    source = SourceFiles.open(SourceTree.write(directory.resolve("input"), FILES));
  }

  @AfterEach
  void stopServer() throws IOException {
    source.close();
    server.close();
  }

  @Test
  void aBuildEndsAsBuiltWithItsNumbers() throws Exception {
    ShadowIndex built = build(new LuceneWorker.Observer() {});
    assertThat(built.getState()).isEqualTo(State.BUILT);
    assertThat(built.getRecordCount()).isEqualTo(FILES);
    assertThat(built.getBuildProgressPercent()).isEqualTo(100);
    assertThat(built.getIndexSizeBytes()).isPositive();
  }

  @Test
  void aStoppedWorkerCancelsItsBuild() {
    assertThatExceptionOfType(CancellationException.class)
        .isThrownBy(
            () ->
                build(
                    new LuceneWorker.Observer() {
                      @Override
                      public void started(ShadowIndex build) {
                        worker.stop();
                      }
                    }));
    assertThat(onlyBuild().getState()).isEqualTo(State.CANCELLED);
  }

  @Test
  void stoppingAfterTheLastFileStillCancels() {
    assertThatExceptionOfType(CancellationException.class)
        .isThrownBy(
            () ->
                build(
                    new LuceneWorker.Observer() {
                      @Override
                      public void indexed(IndexingResult result) {
                        worker.stop();
                      }
                    }));
    assertThat(onlyBuild().getState()).isEqualTo(State.CANCELLED);
  }

  @Test
  void aBuildThatSomebodyCancelsEndsTheWorker() {
    assertThatExceptionOfType(ShadowIndexException.BuildLost.class)
        .isThrownBy(
            () ->
                build(
                    new LuceneWorker.Observer() {
                      @Override
                      public void started(ShadowIndex build) {
                        cancel(build);
                      }
                    }));
    assertThat(onlyBuild().getState()).isEqualTo(State.CANCELLED);
  }

  @Test
  void anIndexThatCannotBeWrittenFailsTheBuildWithTheReason() {
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(
            () ->
                build(
                    new LuceneWorker.Observer() {
                      @Override
                      public void started(ShadowIndex build) {
                        delete(Path.of(build.getShadowIndexPath()));
                      }
                    }));
    assertThat(onlyBuild().getState()).isEqualTo(State.FAILED);
    assertThat(onlyBuild().getErrorMessage()).contains("NoSuchFileException");
  }

  @Test
  void anErrorOfTheObserverFailsTheBuild() {
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                build(
                    new LuceneWorker.Observer() {
                      @Override
                      public void progressed(BuildProgress progress) {
                        throw new IllegalStateException("no more");
                      }
                    }));
    assertThat(onlyBuild().getState()).isEqualTo(State.FAILED);
    assertThat(onlyBuild().getErrorMessage()).contains("no more");
  }

  private ShadowIndex build(LuceneWorker.Observer observer)
      throws IOException, InterruptedException {
    return worker.build(RunningServer.search("main"), source, source.files(), observer);
  }

  private ShadowIndex onlyBuild() {
    assertThat(server.builds("main")).hasSize(1);
    return server.builds("main").getFirst();
  }

  private void cancel(ShadowIndex build) {
    server
        .client()
        .cancelBuild(
            CancelBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build());
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
