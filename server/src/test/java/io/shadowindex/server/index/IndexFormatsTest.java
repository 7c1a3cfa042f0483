package io.shadowindex.server.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.shadowindex.server.testing.LuceneIndexes;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IndexFormatsTest {

  @TempDir private Path directory;

  @Test
  void formatsAreFoundOnTheClassPath() throws IOException {
    assertThat(IndexFormats.installed().names()).contains("lucene", "scripted");
  }

  @Test
  void aDirectoryIsSeenByTheFormatThatRecognizesIt() throws Exception {
    LuceneIndexes.write(directory, "one", "two");

    IndexContent content = IndexFormats.installed().contentOf(directory);

    assertThat(content.formatName()).isEqualTo("lucene");
    assertThat(content.countRecords()).hasValue(2);
  }

  @Test
  void anythingElseIsMereFiles() throws Exception {
    Files.writeString(directory.resolve("anything"), "x");

    IndexContent content = IndexFormats.installed().contentOf(directory);

    assertThat(content.formatName()).isEqualTo("files");
    assertThat(content.countRecords()).isEmpty();
    assertThat(content.integrityErrors()).isEmpty();
    assertThat(content.openQueries()).isEmpty();
  }

  @Test
  void theFirstFormatThatRecognizesADirectoryIsTaken() throws Exception {
    var formats = new IndexFormats(List.of(new Named("special"), new Named("plain")));

    assertThat(formats.contentOf(directory).formatName()).isEqualTo("special");
  }

  @Test
  void whatAFormatThrowsIsASentenceWithoutThePathsOfTheServer() throws Exception {
    Files.writeString(directory.resolve("script"), "throws=exception");
    IndexContent content = IndexFormats.installed().contentOf(directory);

    var thrown = catchThrowableOfType(IndexFormatException.class, content::countRecords);

    assertThat(thrown.sentence())
        .isEqualTo(
            "the format scripted could not count the records: IllegalStateException: cannot read"
                + " segment");
  }

  @Test
  void whatAFormatLacksIsASentenceToo() throws Exception {
    Files.writeString(directory.resolve("script"), "throws=error");
    IndexContent content = IndexFormats.installed().contentOf(directory);

    var thrown = catchThrowableOfType(IndexFormatException.class, content::integrityErrors);

    assertThat(thrown.sentence())
        .isEqualTo(
            "the format scripted could not check the index: NoClassDefFoundError:"
                + " org/example/Codec");
  }

  @Test
  void aProviderThatCannotBeLoadedIsNamedAtTheStart() throws IOException {
    Path services = Files.createDirectories(directory.resolve("META-INF/services"));
    Files.writeString(services.resolve(IndexFormat.class.getName()), "org.example.Missing");
    var thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (var broken = new URLClassLoader(new URL[] {directory.toUri().toURL()}, before)) {
      thread.setContextClassLoader(broken);

      var thrown = catchThrowableOfType(IOException.class, IndexFormats::installed);

      assertThat(thrown).hasMessageContaining("org.example.Missing");
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Recognizes everything. */
  private record Named(String name) implements IndexFormat {
    @Override
    public boolean recognizes(Path directory) {
      return true;
    }

    @Override
    public OptionalLong countRecords(Path directory) {
      return OptionalLong.empty();
    }

    @Override
    public List<String> integrityErrors(Path directory) {
      return List.of();
    }
  }
}
