package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.BuildEvent.BUILD_EVENT;
import static io.shadowindex.server.storage.schema.tables.Counter.COUNTER;

import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.OwnedDirectory;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.flywaydb.core.api.FlywayException;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Makes a state of a backup, while no server works on its directory.
 *
 * <p>Links and files of indexes are not touched: the next start of the server makes links lead
 * where the state says. Revisions and fencing tokens go on far beyond those of the backup, and the
 * log is empty, so that none is given out twice: a watch that resumes, an etag, or a worker from
 * after the backup is refused rather than misunderstood. etcd restores with {@code --bump-revision
 * --mark-compacted} for the same reason.
 *
 * <p>A crash leaves the state that was, or the restored one; {@link #finish} at the next start ends
 * what was almost done.
 */
public final class StateRestore {

  /** More than a server gives out in the time between a backup and its restoration. */
  private static final long GAP = 1_000_000_000;

  private static final String WHO_MAY = "restore as the user to whom it belongs, or as root";

  private final Path directory;
  private final Path state;
  private final Path draft;
  private final Path restored;
  private final FileOperations files;
  private final InstantSource clock;

  /** Takes the directory in which {@code state} is, or is to be. */
  public StateRestore(Path dataDirectory, FileOperations files, InstantSource clock) {
    this.directory = dataDirectory;
    this.state = dataDirectory.resolve("state");
    this.draft = dataDirectory.resolve("state.draft");
    this.restored = dataDirectory.resolve("state.restored");
    this.files = files;
    this.clock = clock;
  }

  /** The file is not a backup, or not a whole one. */
  public static final class NotBackupException extends IOException {
    private static final long serialVersionUID = 1L;

    NotBackupException(Path file, String why, @Nullable Throwable cause) {
      super("%s is not a backup: %s".formatted(file, why), cause);
    }
  }

  /** There is a state, and it was not to be replaced. */
  public static final class StateExistsException extends IOException {
    private static final long serialVersionUID = 1L;

    StateExistsException(Path state) {
      super("there is a state in %s already".formatted(state));
    }
  }

  /**
   * Finds out whether what is made here could be given to whom the directory belongs. To be asked
   * before the directory is taken, which leaves a file in it.
   *
   * @throws AccessDeniedException when it could not; nothing changed
   */
  public void requireMayHandOver() throws IOException {
    if (!Files.isDirectory(directory)) {
      return; // it will belong to whoever restores
    }
    Path probe;
    try {
      probe = Files.createTempFile(directory, ".restore", "");
    } catch (AccessDeniedException e) {
      throw new AccessDeniedException(
          directory.toString(), null, "may not be written to; " + WHO_MAY);
    } catch (FileSystemException e) {
      throw new FileSystemException(directory.toString(), null, e.getReason());
    }
    try {
      handOver(probe);
    } finally {
      Files.delete(probe);
    }
  }

  /**
   * Restores a backup. Durable when it returns. What it makes belongs to whom the directory
   * belongs, so that root may restore for the user that the server runs as.
   *
   * @param replace whether a state that is there may be moved aside
   * @return where the state that was there is now; null when there was none
   * @throws NotBackupException when the file is none; nothing changed
   * @throws StateExistsException when there is a state and it may not be replaced; nothing changed
   * @throws AccessDeniedException when the caller may not give files to the directory's owner;
   *     nothing changed
   */
  public @Nullable Path restore(Path backup, boolean replace) throws IOException {
    boolean exists = Files.exists(state, LinkOption.NOFOLLOW_LINKS);
    if (exists && !replace) {
      throw new StateExistsException(state);
    }
    files.deleteTree(draft);
    files.createDirectories(draft);
    try {
      unpack(backup, draft.resolve(DatabaseFile.FILE));
      beginAnew(backup);
      handOver(directory.resolve(OwnedDirectory.LOCK_FILE));
      handOver(draft);
      files.sync(draft.resolve(DatabaseFile.FILE));
      files.sync(draft);
      files.deleteTree(restored);
      files.rename(draft, restored);
    } finally {
      files.deleteTree(draft);
    }
    Path aside = exists ? aside() : null;
    if (aside != null) {
      files.rename(state, aside);
    }
    finish();
    return aside;
  }

  /** Puts a restored state in place where a crash came between it and the one that it replaces. */
  public void finish() throws IOException {
    if (Files.exists(restored) && !Files.exists(state, LinkOption.NOFOLLOW_LINKS)) {
      files.rename(restored, state);
    }
    files.sync(directory);
  }

  private Path aside() {
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    return state.resolveSibling("state.replaced-" + now.toString().replace(":", ""));
  }

  private static void unpack(Path backup, Path file) throws IOException {
    try (var zip = new ZipFile(backup.toFile())) {
      var entry = zip.getEntry(DatabaseFile.FILE);
      if (entry == null || zip.size() != 1) {
        throw new NotBackupException(backup, "it does not hold a state and nothing else", null);
      }
      var checksum = new CRC32();
      try (var content = new CheckedInputStream(zip.getInputStream(entry), checksum);
          OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
        content.transferTo(out);
      }
      if (checksum.getValue() != entry.getCrc()) {
        throw new NotBackupException(backup, "its checksum is wrong", null);
      }
    } catch (ZipException e) {
      throw new NotBackupException(backup, "it is damaged or was cut off", e);
    }
  }

  /** Gives a file, or a directory and what is in it, to whom the data directory belongs. */
  private void handOver(Path made) throws IOException {
    var owners = Files.readAttributes(directory, PosixFileAttributes.class);
    if (!Files.exists(made)) {
      return;
    }
    try (var paths = Files.walk(made)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        var view = Files.getFileAttributeView(path, PosixFileAttributeView.class);
        if (!view.getOwner().equals(owners.owner())) {
          view.setOwner(owners.owner());
          view.setGroup(owners.group());
        }
      }
    } catch (FileSystemException e) {
      throw new AccessDeniedException(
          directory.toString(),
          null,
          "belongs to %s, and files cannot be given to them (%s); %s"
              .formatted(owners.owner().getName(), e.getReason(), WHO_MAY));
    }
  }

  /** Brings the schema up to date, and the counters beyond all that were ever given out. */
  private void beginAnew(Path backup) throws IOException {
    try (var database = H2Database.open(draft, failure -> {})) {
      var _ =
          database.write(
              transaction -> {
                transaction.deleteFrom(BUILD_EVENT).execute();
                return transaction
                    .update(COUNTER)
                    .set(COUNTER.REVISION, COUNTER.REVISION.plus(GAP))
                    .set(COUNTER.FENCING_TOKEN, COUNTER.FENCING_TOKEN.plus(GAP))
                    .execute();
              });
    } catch (DataAccessException | FlywayException e) {
      throw new NotBackupException(backup, "its state cannot be opened", e);
    }
  }
}
