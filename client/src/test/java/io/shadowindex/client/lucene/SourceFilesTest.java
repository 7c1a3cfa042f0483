package io.shadowindex.client.lucene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.shadowindex.client.lucene.SourceFiles.Reading;
import io.shadowindex.client.testing.SourceTree;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SourceFilesTest {

  @TempDir private Path directory;

  @Test
  void filesOfADirectoryAreNamedRelativeToIt() throws IOException {
    SourceTree.write(directory, 12);
    try (SourceFiles source = SourceFiles.open(directory)) {
      assertThat(names(source)).contains("part-0/file-3.txt", "part-1/file-11.txt").hasSize(12);
    }
  }

  @Test
  void filesOfAZipAreNamedRelativeToItsRoot() throws IOException {
    try (SourceFiles source = SourceFiles.open(SourceTree.zip(directory.resolve("in.zip"), 12))) {
      assertThat(names(source)).contains("part-0/file-3.txt", "part-1/file-11.txt").hasSize(12);
    }
  }

  @Test
  void filesComeInTheOrderOfTheirNames() throws IOException {
    Files.writeString(directory.resolve("b"), "");
    Files.writeString(directory.resolve("a"), "");
    Files.createDirectory(directory.resolve("a-folder"));
    Files.writeString(directory.resolve("a-folder/c"), "");
    try (SourceFiles source = SourceFiles.open(directory)) {
      assertThat(names(source)).containsExactly("a", "a-folder/c", "b");
    }
  }

  @Test
  void aNulByteMakesAFileBinary() throws IOException {
    Files.write(directory.resolve("image"), new byte[] {'a', 0, 'b'});
    assertThat(onlyReading()).isEqualTo(new Reading.Skipped(SkipReason.NOT_TEXT));
  }

  @Test
  void aNulByteBeyondTheFirst8KibIsNotLookedFor() throws IOException {
    byte[] content = "x".repeat(8192 + 1).getBytes(StandardCharsets.US_ASCII);
    content[8192] = 0;
    Files.write(directory.resolve("text"), content);
    assertThat(onlyReading()).isInstanceOf(Reading.Text.class);
  }

  @Test
  void aFileOfMoreThan16MibIsSkipped() throws IOException {
    Files.write(directory.resolve("big"), new byte[SourceFiles.LARGEST_FILE_BYTES + 1]);
    assertThat(onlyReading()).isEqualTo(new Reading.Skipped(SkipReason.TOO_LARGE));
  }

  @Test
  void aFileThatVanishedIsSkipped() throws IOException {
    Path file = Files.writeString(directory.resolve("gone"), "text");
    try (SourceFiles source = SourceFiles.open(directory)) {
      Files.delete(file);
      assertThat(source.read(source.files().getFirst()))
          .isEqualTo(new Reading.Skipped(SkipReason.UNREADABLE));
    }
  }

  @Test
  void malformedBytesAreReplaced() throws IOException {
    Files.write(directory.resolve("latin-1"), new byte[] {'a', (byte) 0xE4, 'b'});
    try (Reader content = ((Reading.Text) onlyReading()).content()) {
      StringWriter text = new StringWriter();
      content.transferTo(text);
      assertThat(text).hasToString("a\ufffdb");
    }
  }

  @Test
  void symbolicLinksAreNotFollowed() throws IOException {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("secret"), "text");
    Path inside = Files.createDirectory(directory.resolve("inside"));
    Files.createSymbolicLink(inside.resolve("folder"), outside);
    Files.createSymbolicLink(inside.resolve("file"), outside.resolve("secret"));
    try (SourceFiles source = SourceFiles.open(inside)) {
      assertThat(source.files()).isEmpty();
    }
  }

  @Test
  void anInputThatIsNotThereIsNamed() {
    assertThatExceptionOfType(InputException.class)
        .isThrownBy(() -> SourceFiles.open(directory.resolve("missing")))
        .withMessageContaining("missing");
  }

  @Test
  void aFileThatIsNotAZipIsRefused() throws IOException {
    Path file = Files.writeString(directory.resolve("notes.txt"), "text");
    Path fake = Files.writeString(directory.resolve("fake.zip"), "text");
    for (Path input : List.of(file, fake)) {
      assertThatExceptionOfType(InputException.class)
          .isThrownBy(() -> SourceFiles.open(input))
          .withMessageContaining("neither a directory nor a readable zip file");
    }
  }

  private Reading onlyReading() throws IOException {
    try (SourceFiles source = SourceFiles.open(directory)) {
      assertThat(source.files()).hasSize(1);
      return source.read(source.files().getFirst());
    }
  }

  private static List<String> names(SourceFiles source) throws IOException {
    List<String> names = new ArrayList<>();
    for (Path file : source.files()) {
      Reading.Text text = (Reading.Text) source.read(file);
      text.content().close();
      names.add(text.name());
    }
    return names;
  }
}
