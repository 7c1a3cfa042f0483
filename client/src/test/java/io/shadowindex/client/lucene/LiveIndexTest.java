package io.shadowindex.client.lucene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.shadowindex.client.testing.SourceTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LiveIndexTest {

  @TempDir private Path directory;

  @Test
  void aMissingLiveLinkCreatesNothing() {
    Path link = directory.resolve("live");
    assertThatExceptionOfType(NoLiveIndexException.class)
        .isThrownBy(() -> LiveIndex.open(link))
        .withMessageContaining(link.toString());
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aLiveLinkThatLeadsNowhereCreatesNothing() throws IOException {
    Path gone = directory.resolve("gone");
    Path link = Files.createSymbolicLink(directory.resolve("live"), gone);
    assertThatExceptionOfType(NoLiveIndexException.class).isThrownBy(() -> LiveIndex.open(link));
    assertThat(gone).doesNotExist();
  }

  @Test
  void aDirectoryWithoutAnIndexIsSaidToBeOne() {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> LiveIndex.open(directory))
        .withMessageContaining("no Lucene index in");
  }

  @Test
  void searchingLeavesTheGenerationAsItWas() throws Exception {
    Path generation = index("generation", 5);
    String[] before = generation.toFile().list();
    try (LiveIndex index = LiveIndex.open(generation)) {
      index.search("common", 3);
    }
    assertThat(generation.toFile().list()).containsExactlyInAnyOrder(before);
  }

  @Test
  void anOpenedIndexStaysOnItsGenerationWhileTheLinkMovesOn() throws Exception {
    Path first = index("first", 5);
    Path second = index("second", 9);
    Path link = Files.createSymbolicLink(directory.resolve("live"), first);
    try (LiveIndex opened = LiveIndex.open(link)) {
      Path next = Files.createSymbolicLink(directory.resolve("next"), second);
      Files.move(next, link, StandardCopyOption.ATOMIC_MOVE);
      assertThat(opened.search("common", 1).total()).isEqualTo(5);
      assertThat(opened.generation()).isEqualTo(first.toRealPath());
    }
    try (LiveIndex reopened = LiveIndex.open(link)) {
      assertThat(reopened.search("common", 1).total()).isEqualTo(9);
    }
  }

  @Test
  void hitsAreCountedBeyondTheLimit() throws Exception {
    try (LiveIndex index = LiveIndex.open(index("generation", 30))) {
      LiveIndex.Hits hits = index.search("common AND NOT unique7", 4);
      assertThat(hits.total()).isEqualTo(29);
      assertThat(hits.paths()).hasSize(4);
    }
  }

  @Test
  void frequentWordsAreTheOnesInMostDocuments() throws Exception {
    try (LiveIndex index = LiveIndex.open(index("generation", 30))) {
      assertThat(index.frequentWords(3)).containsExactlyInAnyOrder("common", "words", "and");
      assertThat(index.searchWord("words", 1).total()).isEqualTo(30);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"(open", "a AND", "\"open", "*", "field:", "[a TO"})
  void aQueryThatCannotBeReadIsRefusedInOneLine(String query) throws Exception {
    try (LiveIndex index = LiveIndex.open(index("generation", 1))) {
      assertThatExceptionOfType(InvalidQueryException.class)
          .isThrownBy(() -> index.search(query, 1))
          .satisfies(e -> assertThat(e.getMessage()).isNotBlank().hasLineCount(1));
    }
  }

  private Path index(String name, int files) throws Exception {
    Path input = SourceTree.write(directory.resolve(name + "-input"), files);
    Path target = Files.createDirectory(directory.resolve(name));
    try (SourceFiles source = SourceFiles.open(input)) {
      new LuceneIndexer(source, source.files(), target, 1).run(_ -> {});
    }
    return target;
  }
}
