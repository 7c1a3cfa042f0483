package io.shadowindex.server.index;

import java.io.IOException;
import java.io.SyncFailedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The symbolic link that readers of one index follow to its active generation.
 *
 * <p>Replacing it is one rename(2) of a link made beforehand: a reader sees the old generation or
 * the new one, never nothing (POSIX rename: "a link named new shall remain visible throughout the
 * operation"). Targets in the index root are relative, so that it can be moved as a whole.
 *
 * <p>A link that cannot be looked at is an {@link IOException}, never taken for none.
 */
public final class LiveLink {

  private final Path path;
  private final Path directory;
  private final Path root;
  private final Path staging;
  private final FileOperations files;

  public LiveLink(IndexLayout layout, IndexKey key, FileOperations files) {
    this.path = layout.liveLink(key);
    this.directory = Objects.requireNonNull(path.getParent());
    this.root = layout.root();
    this.staging = layout.staging();
    this.files = files;
  }

  public Path path() {
    return path;
  }

  /** The directory the link leads to, absolute; empty when there is no link. */
  public Optional<Path> target() throws IOException {
    try {
      return Optional.of(directory.resolve(Files.readSymbolicLink(path)).normalize());
    } catch (NoSuchFileException | NotLinkException e) {
      return Optional.empty();
    }
  }

  /** Whether the link leads to exactly that directory, or, for null, does not exist. */
  public boolean leadsTo(@Nullable Path generation) throws IOException {
    return generation == null
        ? target().isEmpty() && !occupied()
        : target().equals(Optional.of(generation));
  }

  /** Whether something that is not a link stands where the link belongs. */
  public boolean occupied() throws IOException {
    try {
      return !Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .isSymbolicLink();
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /**
   * Makes a link to the generation that {@link #replaceWith} can put in place. Everything slow
   * happens here: the directory of the live link exists and is durable afterwards. A crash leaves a
   * file in the staging directory, which is swept at start.
   */
  public Path stage(Path generation) throws IOException {
    files.createDirectories(directory);
    for (Path made = directory; made != null && made.startsWith(root); made = made.getParent()) {
      files.sync(made);
    }
    files.createDirectories(staging);
    Path next = staging.resolve(UUID.randomUUID().toString());
    boolean movesAlong = generation.startsWith(root);
    files.createSymbolicLink(next, movesAlong ? directory.relativize(generation) : generation);
    return next;
  }

  /** Puts a staged link in place, atomically. Not durable before {@link #sync}. */
  public void replaceWith(Path staged) throws IOException {
    files.rename(staged, path);
  }

  /**
   * Makes the link's present state durable. After a failure it is unknown which state that is, also
   * when a second call succeeds.
   */
  public void sync() throws SyncFailedException {
    try {
      files.sync(directory);
    } catch (IOException e) {
      throw FileOperations.syncFailed(e);
    }
  }

  /** Removes the link: readers find nothing. Not durable before {@link #sync}. */
  public void remove() throws IOException {
    files.delete(path);
  }
}
