package io.shadowindex.server.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.Refusal.Violation;
import io.shadowindex.server.refusal.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GenerationSealerTest {

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
  void theManifestListsEveryFileWithItsSizeAndHash() throws IOException {
    Files.createDirectories(generation.resolve("deep/er"));
    Files.writeString(generation.resolve("deep/er/b"), "hello\n");
    Files.writeString(generation.resolve("a"), "");

    Manifest manifest = sealer.seal(id, ClaimedManifest.NONE);

    assertThat(manifest.files())
        .containsExactly(
            new Manifest.Entry(
                "a", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            new Manifest.Entry(
                "deep/er/b",
                6,
                "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"));
    assertThat(manifest.totalBytes()).isEqualTo(6);
    assertThat(Manifest.read(layout.manifest(id))).isEqualTo(manifest);
  }

  @Test
  void filesBecomeReadOnly() throws IOException {
    Path file = Files.writeString(generation.resolve("a"), "x");

    sealer.seal(id, ClaimedManifest.NONE);

    assertThat(Files.getPosixFilePermissions(file))
        .doesNotContainAnyElementsOf(FileOperations.WRITE_PERMISSIONS);
  }

  @Test
  void aFileInWhosePlaceALinkHasComeKeepsItsRights() throws IOException {
    Path outside = Files.writeString(layout.root().resolve("outside"), "x");
    Set<PosixFilePermission> rights = Files.getPosixFilePermissions(outside);
    Path link = Files.createSymbolicLink(generation.resolve("link"), outside);

    assertThatException().isThrownBy(() -> FileOperations.real().makeReadOnly(link));

    assertThat(Files.getPosixFilePermissions(outside)).isEqualTo(rights);
  }

  @Test
  void aFileThatNobodyMayDoAnythingWithIsNoAccident() throws IOException {
    Path file = Files.writeString(generation.resolve("closed"), "x");
    Files.setPosixFilePermissions(file, Set.of());

    FileOperations.real().makeReadOnly(file);

    assertThat(Files.getPosixFilePermissions(file)).isEmpty();
  }

  @Test
  void aDirectoryCanBeSealedAgain() throws IOException {
    Files.writeString(generation.resolve("a"), "x");

    assertThat(sealer.seal(id, ClaimedManifest.NONE))
        .isEqualTo(sealer.seal(id, ClaimedManifest.NONE));
  }

  @Test
  void aSymbolicLinkIsRefused() throws IOException {
    Files.createSymbolicLink(generation.resolve("link"), Path.of("/etc/passwd"));

    assertThat(refusal())
        .isEqualTo(
            new Refusal.UnsafeFiles(
                id, java.util.List.of(new Violation("link", "is a symbolic link"))));
  }

  @Test
  void aNameThatIsNotUtf8IsRefused() throws Exception {
    var touch = new ProcessBuilder("sh", "-c", "touch \"$(printf 'bad\\377name')\"");
    assertThat(touch.directory(generation.toFile()).start().waitFor()).isZero();

    assertThat(refusal())
        .isInstanceOfSatisfying(
            Refusal.UnsafeFiles.class,
            unsafe ->
                assertThat(unsafe.files())
                    .extracting(Violation::description)
                    .containsExactly("has a name that is not valid UTF-8"));
  }

  @Test
  void aNameInAnyAlphabetIsKept() throws IOException {
    Files.writeString(generation.resolve("größe-索引"), "x");

    assertThat(sealer.seal(id, ClaimedManifest.NONE).files())
        .extracting(Manifest.Entry::path)
        .containsExactly("größe-索引");
  }

  @Test
  void aLinkToADirectoryIsRefusedAndNotFollowed() throws IOException {
    Files.createSymbolicLink(generation.resolve("sub"), Path.of("/etc"));

    assertThat(refusal()).isInstanceOf(Refusal.UnsafeFiles.class);
  }

  @Test
  void aHardLinkIsRefused() throws IOException {
    Path outside = Files.writeString(layout.root().resolve("outside"), "x");
    Files.createLink(generation.resolve("inside"), outside);

    assertThat(refusal())
        .isInstanceOfSatisfying(
            Refusal.UnsafeFiles.class,
            unsafe ->
                assertThat(unsafe.files())
                    .extracting(Violation::subject)
                    .containsExactly("inside"));
  }

  @Test
  void aPipeIsRefused() throws IOException, InterruptedException {
    int made =
        new ProcessBuilder("mkfifo", generation.resolve("pipe").toString()).start().waitFor();
    assertThat(made).isZero();

    assertThat(refusal()).isInstanceOf(Refusal.UnsafeFiles.class);
  }

  @Test
  void aDirectoryThatIsGoneIsRefused() throws IOException {
    Files.delete(generation);

    assertThat(refusal()).isEqualTo(new Refusal.DirectoryMissing(id));
  }

  @Test
  void aFileThatChangesMeanwhileIsRefused() throws IOException {
    Path file = Files.writeString(generation.resolve("a"), "x");
    FileOperations real = FileOperations.real();
    var meddling =
        new DelegatingFileOperations(real) {
          @Override
          public void sync(Path fileOrDirectory) throws IOException {
            super.sync(fileOrDirectory);
            if (fileOrDirectory.equals(file)) {
              file.toFile().setWritable(true);
              Files.writeString(file, "something longer");
            }
          }
        };
    sealer = new GenerationSealer(layout, meddling);

    assertThat(refusal())
        .isInstanceOfSatisfying(
            Refusal.UnsafeFiles.class,
            unsafe ->
                assertThat(unsafe.files().getFirst().description())
                    .isEqualTo("is still being written to"));
    assertThat(layout.manifest(id)).doesNotExist();
  }

  @Test
  void theCheckFindsWhatIsMissingChangedOrExtra() throws IOException {
    Files.writeString(generation.resolve("a"), "1");
    Files.writeString(generation.resolve("b"), "22");
    Files.writeString(generation.resolve("c"), "333");
    Manifest manifest = sealer.seal(id, ClaimedManifest.NONE);
    assertThat(GenerationCheck.whole(generation, manifest).errors()).isEmpty();

    Files.writeString(generation.resolve("extra"), "x");
    assertThat(GenerationCheck.whole(generation, manifest).errors())
        .containsExactly("extra is not in the manifest");

    Files.delete(generation.resolve("a"));
    Files.delete(generation.resolve("b"));
    Files.writeString(generation.resolve("b"), "2");
    assertThat(GenerationCheck.whole(generation, manifest).errors())
        .containsExactly(
            "a is missing", "b has 1 bytes, 2 in the manifest", "extra is not in the manifest");
    assertThat(GenerationCheck.missing(generation, manifest))
        .containsExactly("a is missing", "b has 1 bytes, 2 in the manifest");
  }

  @Test
  void theCheckOfTheContentFindsWhatHasItsSizeAndNotItsHash() throws IOException {
    Files.writeString(generation.resolve("changed"), "before");
    Files.writeString(generation.resolve("gone"), "x");
    Files.writeString(generation.resolve("same"), "x");
    Manifest manifest = sealer.seal(id, ClaimedManifest.NONE);
    assertThat(GenerationCheck.content(generation, manifest).errors()).isEmpty();

    replace("changed", "behind");
    Files.delete(generation.resolve("gone"));

    assertThat(GenerationCheck.whole(generation, manifest).errors())
        .containsExactly("gone is missing");
    assertThat(GenerationCheck.content(generation, manifest).errors())
        .containsExactly("gone is missing", "changed: checksum mismatch");
  }

  @Test
  void ofManyThingsThatAreWrongTwentyAreTold() throws IOException {
    for (int i = 10; i < 40; i++) {
      Files.writeString(generation.resolve("file-" + i), "before");
    }
    Manifest manifest = sealer.seal(id, ClaimedManifest.NONE);
    for (int i = 10; i < 40; i++) {
      replace("file-" + i, "behind");
    }

    assertThat(GenerationCheck.content(generation, manifest).errors())
        .hasSize(20)
        .startsWith("file-10: checksum mismatch", "file-11: checksum mismatch")
        .endsWith("file-28: checksum mismatch", "and 11 more");
  }

  private void replace(String name, String content) throws IOException {
    Files.delete(generation.resolve(name));
    Files.writeString(generation.resolve(name), content);
  }

  private Refusal refusal() {
    RefusedException refused =
        catchThrowableOfType(RefusedException.class, () -> sealer.seal(id, ClaimedManifest.NONE));
    return Objects.requireNonNull(refused, "nothing was refused").refusal();
  }
}
