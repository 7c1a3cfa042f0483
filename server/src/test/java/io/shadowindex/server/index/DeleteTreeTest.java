package io.shadowindex.server.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Deleting what a worker left, whatever it left. */
final class DeleteTreeTest {

  @TempDir private Path directory;

  /** Applies the rights of the owner of a directory as the kernel does for everybody but root. */
  private static final FileOperations AS_THE_OWNER =
      new DelegatingFileOperations(FileOperations.real()) {
        @Override
        public void delete(Path path) throws IOException {
          Path parent = Objects.requireNonNull(path.getParent());
          if (!Files.getPosixFilePermissions(parent).contains(PosixFilePermission.OWNER_WRITE)) {
            throw new AccessDeniedException(path.toString());
          }
          super.delete(path);
        }
      };

  @Test
  void aDirectoryThatIsReadOnlyIsDeletedToo() throws IOException {
    Path closed = Files.createDirectories(directory.resolve("tree/closed"));
    Files.writeString(closed.resolve("file"), "x");
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));

    AS_THE_OWNER.deleteTree(directory.resolve("tree"));

    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void linksAreDeletedAndNotFollowed() throws IOException {
    Path elsewhere = Files.createDirectories(directory.resolve("elsewhere"));
    Path precious = Files.writeString(elsewhere.resolve("precious"), "x");
    Path tree = Files.createDirectories(directory.resolve("tree"));
    Files.createSymbolicLink(tree.resolve("link"), elsewhere);
    Files.createSymbolicLink(directory.resolve("link-to-tree"), tree);

    FileOperations.real().deleteTree(directory.resolve("link-to-tree"));
    assertThat(Files.isSymbolicLink(tree.resolve("link"))).isTrue();
    FileOperations.real().deleteTree(tree);

    assertThat(Files.exists(tree, LinkOption.NOFOLLOW_LINKS)).isFalse();
    assertThat(precious).hasContent("x");
  }

  @Test
  void whatIsNotThereIsDeletedAlready() throws IOException {
    FileOperations.real().deleteTree(directory.resolve("nothing"));

    assertThat(directory).isEmptyDirectory();
  }
}
