package io.shadowindex.server.index;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.SyncFailedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What makes many files durable. */
final class DurableFilesTest {

  private final UUID id = UUID.randomUUID();
  private final Queue<Path> synced = new ConcurrentLinkedQueue<>();
  private IndexLayout layout;
  private Path generation;
  private boolean together;
  private int errno;
  private String broken = "";

  private final FileOperations files =
      new DelegatingFileOperations(FileOperations.real()) {
        @Override
        public void sync(Path fileOrDirectory) throws IOException {
          synced.add(fileOrDirectory);
          if (fileOrDirectory.endsWith(broken)) {
            throw new IOException("Input/output error");
          }
          super.sync(fileOrDirectory);
        }

        @Override
        public boolean syncFileSystem(Path directory) throws IOException {
          return together && FileSystemSync.isDurable(errno);
        }
      };

  @BeforeEach
  void write(@TempDir Path root) throws IOException {
    layout = new IndexLayout(root);
    generation = Files.createDirectories(layout.buildDirectory(id));
    Files.createDirectory(generation.resolve("deep"));
    for (int i = 0; i < DurableFiles.MANY; i++) {
      Files.writeString(generation.resolve(i % 2 == 0 ? "deep/" + i : "" + i), "x");
    }
  }

  @Test
  void manyFilesAreSyncedTogether() throws IOException {
    together = true;

    Manifest manifest = new GenerationSealer(layout, files).seal(id, ClaimedManifest.NONE);
    var copied = new ServingCopies(layout, files).make(id, manifest, bytes -> {});

    assertThat(copied.errors()).isEmpty();
    assertThat(synced).containsExactly(layout.builds(), layout.serveRoot());
  }

  @Test
  void whereThatIsNotReliableEachFileAndDirectoryIsSynced() throws IOException {
    Manifest manifest = new GenerationSealer(layout, files).seal(id, ClaimedManifest.NONE);

    assertThat(synced).containsAll(all(generation)).contains(layout.builds());

    synced.clear();
    var copied = new ServingCopies(layout, files).make(id, manifest, bytes -> {});

    assertThat(copied.errors()).isEmpty();
    Set<Path> drafts = all(generation).stream().map(generation::relativize).collect(toSet());
    var relative = new ArrayList<Path>();
    for (Path path : synced) {
      if (path.startsWith(layout.serveStaging())) {
        Path inside = layout.serveStaging().relativize(path);
        relative.add(
            inside.getNameCount() == 1 ? Path.of("") : inside.subpath(1, inside.getNameCount()));
      }
    }
    assertThat(relative).containsExactlyInAnyOrderElementsOf(drafts);
  }

  @Test
  void oneFileOfManyThatMayBeLostFailsTheBuild() {
    broken = "501";

    assertThatThrownBy(() -> new GenerationSealer(layout, files).seal(id, ClaimedManifest.NONE))
        .isInstanceOf(SyncFailedException.class)
        .hasMessage("not made durable: Input/output error");
    assertThat(layout.manifest(id)).doesNotExist();
  }

  @Test
  void aFileSystemThatCouldNotWriteFailsTheBuildAndNoFileIsAskedAgain() {
    together = true;
    errno = 5; // EIO

    assertThatThrownBy(() -> new GenerationSealer(layout, files).seal(id, ClaimedManifest.NONE))
        .isInstanceOf(SyncFailedException.class)
        .hasMessageContaining("syncfs(2) failed");
    assertThat(synced).isEmpty();
    assertThat(layout.manifest(id)).doesNotExist();
  }

  @Test
  void whereASandboxForbidsItEachFileIsSynced() throws IOException {
    together = true;
    errno = 1; // EPERM

    var _ = new GenerationSealer(layout, files).seal(id, ClaimedManifest.NONE);

    assertThat(synced).containsAll(all(generation));
  }

  @Test
  void copiesAreReadOnlyFromTheirBeginning() throws IOException {
    Path copy = layout.root().resolve("copy");

    FileOperations.real().copy(generation.resolve("1"), copy, bytes -> {});

    assertThat(copy).hasContent("x");
    assertThat(Files.getPosixFilePermissions(copy))
        .doesNotContainAnyElementsOf(FileOperations.WRITE_PERMISSIONS);
  }

  @Test
  void theCallOfTheSystemIsMade() throws IOException {
    assertThat(FileSystemSync.sync(generation)).isTrue();
    assertThat(FileSystemSync.sync(generation.resolve("missing"))).isFalse();
    assertThat(FileOperations.real().syncFileSystem(generation))
        .isEqualTo(FileSystemSync.isReliable(generation));
    assertThat(FileSystemSync.isReliable(Path.of("/proc"))).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "Linux, 5.7.19, false",
    "Linux, 5.8.0-63-generic, true",
    "Linux, 4.18.0-553.el8, false",
    "Linux, 6.18.44, true",
    "Linux, 10.0, true",
    "Linux, rolling, false",
    "Mac OS X, 15.3, false"
  })
  void anOldKernelIsNotReliedOn(String system, String version, boolean tells) {
    assertThat(FileSystemSync.tellsOfFailures(system, version)).isEqualTo(tells);
  }

  private static List<Path> all(Path directory) throws IOException {
    try (Stream<Path> found = Files.walk(directory)) {
      return found.toList();
    }
  }
}
