package io.shadowindex.server.index;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.SyncFailedException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * The writing operations on index files, each one system call or close to it. Tests replace it to
 * fail any single one.
 */
public interface FileOperations {

  /** What {@link #makeReadOnly} takes away. */
  Set<PosixFilePermission> WRITE_PERMISSIONS =
      Set.of(
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_WRITE);

  /** What a copy is created with, as far as the process grants it. */
  Set<PosixFilePermission> READ_PERMISSIONS =
      Set.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.OTHERS_READ);

  /** What {@link #makeWritable} grants. */
  Set<PosixFilePermission> OWNER_PERMISSIONS =
      Set.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_EXECUTE);

  /** How many bytes {@link #copy} copies before it tells of them. */
  long COPIED_AT_ONCE = 64L << 20;

  /** Creates the directory and its missing parents. Not durable until their parents are synced. */
  void createDirectories(Path directory) throws IOException;

  /**
   * Takes the right to write from a file's owner, group and others: fchmodat(2), which does not
   * follow a link in the file's place.
   */
  void makeReadOnly(Path file) throws IOException;

  /** Writes a new file and makes its content durable, but not its name. Fails when it exists. */
  void writeNew(Path file, Content content) throws IOException;

  /**
   * Copies the content of a file into a new one, within the kernel and, where the file system can,
   * without copying a byte: copy_file_range(2). Nobody may write to the new one. Not durable until
   * the file and its directory are synced. Fails when the new file exists.
   *
   * @param copied told of bytes as they are copied
   */
  void copy(Path from, Path to, LongConsumer copied) throws IOException;

  /** Creates a symbolic link, symlink(2). Not durable until the directory is synced. */
  void createSymbolicLink(Path link, Path target) throws IOException;

  /**
   * Renames within one file system, rename(2): atomic, replaces a link or file of the new name. Not
   * durable until the directory is synced.
   */
  void rename(Path from, Path to) throws IOException;

  /**
   * Makes the content of a file, or the names in a directory, durable: fsync(2). After a failure
   * the state on disk is unknown, and it stays so when a second fsync(2) succeeds: the kernel
   * reports a write error once and may have dropped what could not be written.
   */
  void sync(Path fileOrDirectory) throws IOException;

  /** The same for a file that is open already; one open(2) less, which matters for small files. */
  default void sync(Path file, FileChannel open) throws IOException {
    sync(file);
  }

  /**
   * Makes everything durable that was written to a directory's file system before, names included:
   * one syncfs(2), which takes many files a fraction of an fsync(2) each, and waits for what others
   * have written there, too.
   *
   * @return false where nothing can be relied on, and {@link #sync} has to tell of each file
   * @throws IOException when something is lost; to sync each file then may not tell of it any more
   */
  default boolean syncFileSystem(Path directory) throws IOException {
    return false;
  }

  /** What tells a failed {@link #sync} from failures after which the same may be tried again. */
  static SyncFailedException syncFailed(IOException cause) {
    var failed = new SyncFailedException("not made durable: " + cause.getMessage());
    failed.initCause(cause);
    return failed;
  }

  /** Deletes one file, link or empty directory. Does nothing when there is none. */
  void delete(Path path) throws IOException;

  /** What {@link #writeNew} writes. */
  @FunctionalInterface
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** The operations of the real file system. */
  static FileOperations real() {
    return new FileOperations() {
      @Override
      public void createDirectories(Path directory) throws IOException {
        Files.createDirectories(directory);
      }

      @Override
      public void makeReadOnly(Path file) throws IOException {
        try (var directory = Files.newDirectoryStream(parent(file))) {
          PosixFileAttributeView view =
              viewOfFile(directory, Objects.requireNonNull(file.getFileName()));
          var permissions = new HashSet<>(view.readAttributes().permissions());
          if (permissions.removeAll(WRITE_PERMISSIONS)) {
            view.setPermissions(permissions);
          }
        } catch (NoSuchFileException e) {
          throw new NoSuchFileException(file.toString());
        }
      }

      // The view that Files gives follows links when it sets permissions (JDK 25).
      private static PosixFileAttributeView viewOfFile(DirectoryStream<Path> directory, Path name) {
        if (!(directory instanceof SecureDirectoryStream<Path> secure)) {
          throw new UnsupportedOperationException("the platform has no openat(2)");
        }
        return Objects.requireNonNull(
            secure.getFileAttributeView(
                name, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS));
      }

      private static Path parent(Path file) {
        return Objects.requireNonNull(file.getParent());
      }

      @Override
      public void writeNew(Path file, Content content) throws IOException {
        try (var channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            var out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
          content.writeTo(out);
          out.flush();
          channel.force(true);
        }
      }

      @Override
      public void copy(Path from, Path to, LongConsumer copied) throws IOException {
        try (var source =
                FileChannel.open(from, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
            var target =
                FileChannel.open(
                    to,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(READ_PERMISSIONS))) {
          long size = source.size();
          long position = 0;
          while (position < size) {
            long moved = source.transferTo(position, COPIED_AT_ONCE, target);
            if (moved == 0) {
              return; // truncated meanwhile, which whoever compares the copy finds
            }
            position += moved;
            copied.accept(moved);
          }
        }
      }

      @Override
      public void createSymbolicLink(Path link, Path target) throws IOException {
        Files.createSymbolicLink(link, target);
      }

      @Override
      public void rename(Path from, Path to) throws IOException {
        // ATOMIC_MOVE alone is one rename(2); REPLACE_EXISTING alone would unlink first.
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      }

      @Override
      public void sync(Path fileOrDirectory) throws IOException {
        try (var channel = FileChannel.open(fileOrDirectory, StandardOpenOption.READ)) {
          channel.force(true);
        }
      }

      @Override
      public void sync(Path file, FileChannel open) throws IOException {
        open.force(true);
      }

      @Override
      public boolean syncFileSystem(Path directory) throws IOException {
        return FileSystemSync.isReliable(directory) && FileSystemSync.sync(directory);
      }

      @Override
      public void delete(Path path) throws IOException {
        Files.deleteIfExists(path);
      }

      @Override
      public void makeWritable(Path directory) throws IOException {
        Set<PosixFilePermission> permissions =
            EnumSet.copyOf(Files.getPosixFilePermissions(directory, LinkOption.NOFOLLOW_LINKS));
        if (permissions.addAll(OWNER_PERMISSIONS)) {
          Files.setPosixFilePermissions(directory, permissions);
        }
      }
    };
  }

  /** Gives a directory's owner all rights to it, as far as they are missing: chmod(2). */
  void makeWritable(Path directory) throws IOException;

  /**
   * Deletes a tree without following links, directories that nobody may write to included.
   * Tolerates files that appear or vanish meanwhile; what a crash leaves is deleted by the next
   * call.
   */
  default void deleteTree(Path top) throws IOException {
    try {
      if (Files.isDirectory(top, LinkOption.NOFOLLOW_LINKS)) {
        makeWritable(top);
        for (Path child : children(top)) {
          deleteTree(child);
        }
      }
      delete(top);
    } catch (NoSuchFileException | DirectoryNotEmptyException changedMeanwhile) {
      // Gone, or still written to: the next call finds what is left.
    }
  }

  /** What a directory holds; read at once, so that no depth of the tree holds files open. */
  static List<Path> children(Path directory) throws IOException {
    try (var stream = Files.newDirectoryStream(directory)) {
      var children = new ArrayList<Path>();
      stream.forEach(children::add);
      return children;
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }
}
