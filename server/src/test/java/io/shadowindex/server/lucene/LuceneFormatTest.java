package io.shadowindex.server.lucene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.shadowindex.server.index.IndexFormat.Queries;
import io.shadowindex.server.testing.LuceneIndexes;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LuceneFormatTest {

  private final LuceneFormat format = new LuceneFormat();
  private Path directory;

  @BeforeEach
  void writeIndex(@TempDir Path directory) throws IOException {
    this.directory = directory;
    LuceneIndexes.write(directory, "the quick fox", "the lazy dog", "the third");
  }

  @Test
  void anIndexIsRecognizedByItsCommit() throws IOException {
    assertThat(format.recognizes(directory)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "abc", "not of Lucene"})
  void aFileThatOnlyHasTheNameOfACommitIsNotLucene(String content, @TempDir Path other)
      throws IOException {
    Files.writeString(other.resolve("segments_2"), content);

    assertThat(format.recognizes(other)).isFalse();
  }

  @Test
  void recordsAreTheDocumentsThatReadersSee() throws IOException {
    LuceneIndexes.write(directory, "another commit");
    LuceneIndexes.delete(directory, 0);

    assertThat(format.countRecords(directory)).hasValue(2);
  }

  @Test
  void aWholeIndexHasNoErrors() throws IOException {
    assertThat(format.integrityErrors(directory)).isEmpty();
  }

  @Test
  void everyFileWithAFlippedByteIsNamed() throws IOException {
    LuceneIndexes.write(directory, "a second segment");
    List<Path> segments = files("*.cfs");
    assertThat(segments).hasSize(2);
    for (Path segment : segments) {
      LuceneIndexes.flipByte(segment, 100);
    }

    assertThat(format.integrityErrors(directory))
        .hasSize(2)
        .satisfiesExactly(
            error -> assertThat(error).startsWith("_0.cfs: checksum failed"),
            error -> assertThat(error).startsWith("_1.cfs: checksum failed"));
  }

  @Test
  void aTruncatedFileIsNamed() throws IOException {
    Path segment = files("*.cfs").getFirst();
    try (var channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
      channel.truncate(50);
    }

    assertThat(format.integrityErrors(directory))
        .singleElement()
        .asString()
        .startsWith("_0.cfs: ")
        .doesNotContain(directory.toString());
  }

  @Test
  void aDamagedCommitIsNamed() throws IOException {
    Path commit = files("segments_*").getFirst();
    LuceneIndexes.flipByte(commit, Files.size(commit) - 20);

    assertThat(format.integrityErrors(directory))
        .singleElement()
        .asString()
        .startsWith(commit.getFileName() + ": ");
  }

  @Test
  void aLinkInThePlaceOfAFileIsNotFollowed(@TempDir Path elsewhere) throws IOException {
    Path segment = files("*.cfs").getFirst();
    Path moved = Files.move(segment, elsewhere.resolve("moved"));
    Files.createSymbolicLink(segment, moved);

    assertThat(format.integrityErrors(directory)).containsExactly("_0.cfs: cannot be read");
    assertThatIOException().isThrownBy(() -> format.countRecords(directory));
  }

  @Test
  void nothingIsWrittenIntoTheDirectory() throws IOException {
    List<Path> before = files("*");

    format.countRecords(directory);
    format.integrityErrors(directory);
    try (Queries queries = format.openQueries(directory).orElseThrow()) {
      queries.run("text:fox");
    }

    assertThat(files("*")).isEqualTo(before);
    assertThat(directory.resolve("write.lock")).doesNotExist();
  }

  @Test
  void aDirectoryThatIsGoneIsNotMade(@TempDir Path parent) {
    Path gone = parent.resolve("gone");

    assertThatIOException().isThrownBy(() -> format.countRecords(gone));
    assertThat(gone).doesNotExist();
  }

  @Test
  void aQueryFindsATermInOneFieldOrInAny() throws IOException {
    try (Queries queries = format.openQueries(directory).orElseThrow()) {
      assertThat(queries.run("text:the")).isEqualTo(3);
      assertThat(queries.run("text:fox")).isEqualTo(1);
      assertThat(queries.run("id:fox")).isZero();
      assertThat(queries.run("fox")).isEqualTo(1);
      assertThat(queries.run("2")).isEqualTo(1);
      assertThat(queries.run("nowhere:fox")).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", ":", "text:", ":fox"})
  void whatIsNoQueryIsRefusedWithTheFormOfOne(String query) throws IOException {
    try (Queries queries = format.openQueries(directory).orElseThrow()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> queries.run(query))
          .withMessageContaining("field:term");
    }
  }

  private List<Path> files(String pattern) throws IOException {
    try (var found = Files.newDirectoryStream(directory, pattern)) {
      return java.util.stream.StreamSupport.stream(found.spliterator(), false).sorted().toList();
    }
  }
}
