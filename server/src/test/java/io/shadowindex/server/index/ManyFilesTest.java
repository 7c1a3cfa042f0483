package io.shadowindex.server.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Generations of many files and of large ones. {@code -Dshadowindex.files=N} and {@code
 * -Dshadowindex.mebibytes=N} say how many and how large; how long it took is printed.
 */
final class ManyFilesTest {

  private static final int FILES = Integer.getInteger("shadowindex.files", 5_000);
  private static final long MEBIBYTES = Long.getLong("shadowindex.mebibytes", 256);

  private final UUID id = UUID.randomUUID();
  private IndexLayout layout;
  private Path generation;
  private GenerationSealer sealer;

  @BeforeEach
  void createDirectory(@TempDir Path root) throws IOException {
    layout = new IndexLayout(root);
    generation = Files.createDirectories(layout.buildDirectory(id));
    sealer = new GenerationSealer(layout, FileOperations.real());
  }

  @Test
  void manySmallFilesAreSealedAndChecked() throws IOException {
    for (int i = 0; i < FILES; i++) {
      Path directory = generation.resolve("part-" + i % 100);
      if (i < 100) {
        Files.createDirectory(directory);
      }
      Files.writeString(directory.resolve("segment-" + i), "records of " + i);
    }

    sealAndCheck(FILES + " small files");
  }

  @Test
  void aLargeFileIsSealedAndChecked() throws IOException {
    try (var file = new RandomAccessFile(generation.resolve("segment").toFile(), "rw")) {
      file.setLength(MEBIBYTES << 20); // sparse: costs no disk
    }

    sealAndCheck("one file of " + MEBIBYTES + " MiB");
  }

  private void sealAndCheck(String what) throws IOException {
    Manifest manifest = time(what + ": seal", () -> sealer.seal(id, ClaimedManifest.NONE));

    assertThat(Manifest.read(layout.manifest(id))).isEqualTo(manifest);
    assertThat(time(what + ": names, sizes", () -> GenerationCheck.whole(generation, manifest)))
        .isEqualTo(
            time(what + ": and content", () -> GenerationCheck.content(generation, manifest)))
        .extracting(GenerationCheck.Result::errors)
        .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
        .isEmpty();
    FileTime sealed = Files.getLastModifiedTime(layout.manifest(id));
    assertThat(
            time(
                    what + ": names, sizes, and what was touched",
                    () -> GenerationCheck.contentSince(generation, manifest, sealed))
                .errors())
        .isEmpty();
    FileStamps stamps = FileStamps.of(generation, manifest);
    assertThat(time(what + ": 100 of them again", () -> stamps.changesInFirst(100))).isEmpty();
    assertThat(time(what + ": the others", () -> stamps.changesAfterFirst(100))).isEmpty();
  }

  private interface Task<T> {
    T run() throws IOException;
  }

  private static <T> T time(String what, Task<T> task) throws IOException {
    long began = System.nanoTime();
    T result = task.run();
    System.out.printf("%s: %d ms%n", what, (System.nanoTime() - began) / 1_000_000);
    return result;
  }
}
