package io.shadowindex.client.lucene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.shadowindex.client.testing.SourceTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LuceneIndexerTest {

  @TempDir private Path directory;
  private Path input;
  private Path target;

  @BeforeEach
  void createDirectories() throws IOException {
    input = Files.createDirectory(directory.resolve("input"));
    target = Files.createDirectory(directory.resolve("generation"));
  }

  @Test
  void everyTextFileBecomesADocument() throws Exception {
    SourceTree.write(input, 53);
    assertThat(index(input).documents()).isEqualTo(53);
    try (LiveIndex index = LiveIndex.open(target)) {
      assertThat(index.documents()).isEqualTo(53);
      assertThat(index.search("unique37", 10).paths()).containsExactly("part-3/file-37.txt");
    }
  }

  @Test
  void aZipIsIndexedAsItsFilesWouldBe() throws Exception {
    assertThat(index(SourceTree.zip(directory.resolve("in.zip"), 53)).documents()).isEqualTo(53);
    try (LiveIndex index = LiveIndex.open(target)) {
      assertThat(index.search("common", 1).total()).isEqualTo(53);
    }
  }

  @Test
  void skippedFilesAreCounted() throws Exception {
    SourceTree.write(input, 3);
    Files.write(input.resolve("image"), new byte[] {0});
    Files.write(input.resolve("archive"), new byte[] {1, 0});
    IndexingResult result = index(input);
    assertThat(result.documents()).isEqualTo(3);
    assertThat(result.skipped()).containsOnlyKeys(SkipReason.NOT_TEXT).containsValue(2L);
  }

  @Test
  void noLockFileIsLeftInTheGeneration() throws Exception {
    SourceTree.write(input, 3);
    index(input);
    assertThat(target).isDirectoryNotContaining(file -> file.endsWith("write.lock"));
  }

  @Test
  void theReportedSizeIsWhatIsOnDisk() throws Exception {
    SourceTree.write(input, 20);
    IndexingResult result = index(input);
    assertThat(result.bytes()).isEqualTo(bytesOf(target));
  }

  @Test
  void progressNeverGoesBackAndEndsAtAll() throws Exception {
    SourceTree.write(input, 40);
    List<IndexingProgress> told = new ArrayList<>();
    index(input, told::add);
    assertThat(told).extracting(IndexingProgress::filesDone).isSorted().last().isEqualTo(40);
    assertThat(told.getLast().percent()).isEqualTo(100);
  }

  @Test
  void aStoppedIndexerEndsWithoutACommit() throws Exception {
    SourceTree.write(input, 40);
    try (SourceFiles source = SourceFiles.open(input)) {
      LuceneIndexer indexer = new LuceneIndexer(source, source.files(), target, 2);
      indexer.stop();
      assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> indexer.run(_ -> {}));
    }
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> LiveIndex.open(target))
        .withMessageContaining("no Lucene index");
  }

  @Test
  void whatTheListenerThrowsEndsTheRun() throws Exception {
    SourceTree.write(input, 40);
    Consumer<IndexingProgress> refusing =
        _ -> {
          throw new IllegalStateException("told to stop");
        };
    assertThatIllegalStateException()
        .isThrownBy(() -> index(input, refusing))
        .withMessage("told to stop");
  }

  @Test
  void aTargetThatIsGoneIsNotCreated() throws Exception {
    SourceTree.write(input, 1);
    Files.delete(target);
    assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(() -> index(input));
    assertThat(target).doesNotExist();
  }

  private IndexingResult index(Path from) throws IOException, InterruptedException {
    return index(from, _ -> {});
  }

  private IndexingResult index(Path from, Consumer<IndexingProgress> listener)
      throws IOException, InterruptedException {
    try (SourceFiles source = SourceFiles.open(from)) {
      return new LuceneIndexer(source, source.files(), target, 3).run(listener);
    }
  }

  private static long bytesOf(Path generation) throws IOException {
    long sum = 0;
    try (Stream<Path> files = Files.list(generation)) {
      for (Path file : files.toList()) {
        sum += Files.size(file);
      }
    }
    return sum;
  }
}
