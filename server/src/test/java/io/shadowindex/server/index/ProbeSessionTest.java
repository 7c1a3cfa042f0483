package io.shadowindex.server.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.shadowindex.server.testing.LuceneIndexes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProbeSessionTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir private Path directory;
  private IndexFormats formats;

  @BeforeEach
  void loadFormats() throws IOException {
    formats = IndexFormats.installed();
  }

  @Test
  void aRunTakesAsLongAsItsQueriesTogether() throws Exception {
    Files.writeString(directory.resolve("script"), "query=3");

    try (ProbeSession session = Objects.requireNonNull(open("a", "b"))) {
      assertThat(session.run(PATIENCE)).isGreaterThanOrEqualTo(Duration.ofMillis(6));
    }
  }

  @Test
  void aLuceneIndexAnswers() throws Exception {
    LuceneIndexes.write(directory, "the quick fox");

    try (ProbeSession session = Objects.requireNonNull(open("text:fox", "fox"))) {
      assertThat(session.run(PATIENCE)).isPositive();
    }
  }

  @Test
  void mereFilesHaveNoQueries() throws Exception {
    Files.writeString(directory.resolve("anything"), "x");

    assertThat(open("a")).isNull();
  }

  @Test
  void nobodyWaitsForAFormatThatHangs() throws Exception {
    Files.writeString(directory.resolve("script"), "query=hangs");
    try (ProbeSession session = Objects.requireNonNull(open("a"))) {

      var thrown =
          catchThrowableOfType(
              IndexFormatException.class, () -> session.run(Duration.ofMillis(50)));

      assertThat(thrown.sentence()).isEqualTo("the probe queries took longer than 50 ms");
    }
  }

  @Test
  void aQueryThatFailsIsNamed() throws Exception {
    LuceneIndexes.write(directory, "the quick fox");
    try (ProbeSession session = Objects.requireNonNull(open("text:"))) {

      var thrown = catchThrowableOfType(IndexFormatException.class, () -> session.run(PATIENCE));

      assertThat(thrown.sentence())
          .startsWith("the format lucene could not run the probe query 'text:'")
          .contains("field:term");
    }
  }

  private @Nullable ProbeSession open(String... queries) throws IndexFormatException {
    return ProbeSession.open(formats, directory, List.of(queries), PATIENCE);
  }
}
