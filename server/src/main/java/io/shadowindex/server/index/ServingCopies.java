package io.shadowindex.server.index;

import io.shadowindex.server.index.FileStamps.Stamp;
import io.shadowindex.server.refusal.Refusal;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies of generations on the serving volume, for builds with {@link
 * SwitchStrategy#COPY_AND_REPLACE}.
 *
 * <p>A copy is made under a name of its own and renamed when it is whole and durable; a crash
 * leaves a draft or a copy that nothing leads to, and both are swept at start.
 */
public final class ServingCopies {

  private static final int MAX_ERRORS = 20;

  /**
   * Files copied and hashed at a time: that takes processors, and reads of a disk are in between.
   */
  private static final int COPIED_AT_ONCE = Math.max(4, Runtime.getRuntime().availableProcessors());

  private final IndexLayout layout;
  private final FileOperations files;

  public ServingCopies(IndexLayout layout, FileOperations files) {
    this.layout = layout;
    this.files = files;
  }

  /**
   * What was copied.
   *
   * @param errors one sentence for each file that differs from the manifest, 20 at most; then there
   *     is no copy
   * @param stamps of the copied files, each from before the file was read, so that a change since
   *     shows
   */
  public record Copied(List<String> errors, FileStamps stamps) {}

  /**
   * Copies a build's files to where they will be served from, re-hashing each copied file against
   * the manifest. Durable when it answers without errors.
   *
   * @param copied told of bytes as they are copied, from several threads
   * @throws io.shadowindex.server.refusal.RefusedException {@link Refusal.DiskFull} when the volume
   *     has less room than the manifest needs
   */
  public Copied make(UUID buildId, Manifest manifest, LongConsumer copied) throws IOException {
    files.createDirectories(layout.serveStaging());
    if (Files.getFileStore(layout.serveStaging()).getUsableSpace() < manifest.totalBytes()) {
      throw new Refusal.DiskFull().exception();
    }
    Path draft = layout.serveStaging().resolve(UUID.randomUUID().toString());
    try {
      Set<Path> directories = createDirectories(draft, manifest);
      boolean many = manifest.files().size() >= DurableFiles.MANY;
      Copied made = copyAll(buildId, draft, manifest, !many, copied);
      if (made.errors().isEmpty()) {
        DurableFiles.sync(files, draft, many ? paths(draft, manifest) : List.of(), directories);
        Path copy = layout.servingCopy(buildId);
        files.deleteTree(copy);
        files.rename(draft, copy);
        files.sync(layout.serveRoot());
      }
      return made;
    } finally {
      files.deleteTree(draft);
    }
  }

  private static List<Path> paths(Path draft, Manifest manifest) {
    return manifest.files().stream().map(file -> draft.resolve(file.path())).toList();
  }

  /** Deletes the copy of a build, when there is one. */
  public void delete(UUID buildId) throws IOException {
    files.deleteTree(layout.servingCopy(buildId));
  }

  /** Deletes drafts that a crash left. */
  public void sweepDrafts() throws IOException {
    files.deleteTree(layout.serveStaging());
  }

  /** The builds of which there is a copy. */
  public List<UUID> list() throws IOException {
    if (!Files.isDirectory(layout.serveRoot())) {
      return List.of();
    }
    var found = new ArrayList<UUID>();
    try (var children = Files.newDirectoryStream(layout.serveRoot())) {
      for (Path child : children) {
        if (Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
          IndexLayout.buildId(child).ifPresent(found::add);
        }
      }
    }
    return found;
  }

  /** All directories of a copy, the innermost first. */
  private Set<Path> createDirectories(Path draft, Manifest manifest) throws IOException {
    var directories =
        new TreeSet<>(
            Comparator.comparingInt(Path::getNameCount)
                .reversed()
                .thenComparing(Comparator.naturalOrder()));
    directories.add(draft);
    for (Manifest.Entry file : manifest.files()) {
      Path parent = draft.resolve(file.path()).getParent();
      while (parent != null && directories.add(parent)) {
        parent = parent.getParent();
      }
    }
    directories.removeIf(directory -> !directory.startsWith(draft));
    for (Path directory : directories) {
      files.createDirectories(directory);
    }
    return directories;
  }

  /**
   * In parallel: while the disk takes one file, others are copied and hashed. Nothing is written
   * any more when it returns or throws.
   */
  private Copied copyAll(
      UUID buildId, Path draft, Manifest manifest, boolean sync, LongConsumer copied)
      throws IOException {
    Path source = layout.buildDirectory(buildId);
    var stamps = new ConcurrentHashMap<String, Stamp>();
    var errors = new ConcurrentLinkedQueue<String>();
    var failure = new AtomicReference<@Nullable Throwable>();
    LongConsumer goingOn =
        bytes -> {
          if (failure.get() != null) {
            throw new CancellationException("another file could not be copied");
          }
          copied.accept(bytes);
        };
    try (var syncs = Executors.newFixedThreadPool(DurableFiles.THREADS);
        var copies = Executors.newFixedThreadPool(COPIED_AT_ONCE)) {
      Consumer<Path> whenCopied =
          sync ? target -> syncs.execute(unless(failure, () -> files.sync(target))) : _ -> {};
      for (Manifest.Entry file : manifest.files()) {
        Path from = source.resolve(file.path());
        copies.execute(
            unless(
                failure,
                () -> copy(from, draft, file, goingOn, whenCopied, stamps).ifPresent(errors::add)));
      }
    }
    rethrow(failure.get());
    return new Copied(
        errors.stream().sorted().limit(MAX_ERRORS).toList(),
        FileStamps.of(layout.servingCopy(buildId), manifest, stamps));
  }

  /** What one file takes. */
  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  /** A step that is left out after a failure, and whose own one counts when it is the first. */
  private static Runnable unless(AtomicReference<@Nullable Throwable> failure, Step step) {
    return () -> {
      try {
        if (failure.get() == null) {
          step.run();
        }
      } catch (IOException | RuntimeException | Error e) {
        failure.compareAndSet(null, e); // the others are ended by it
      }
    };
  }

  private static void rethrow(@Nullable Throwable failure) throws IOException {
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure); // nothing else is caught
    }
  }

  private Optional<String> copy(
      Path source,
      Path draft,
      Manifest.Entry file,
      LongConsumer copied,
      Consumer<Path> whenCopied,
      Map<String, Stamp> stamps)
      throws IOException {
    Path target = draft.resolve(file.path());
    try {
      files.copy(source, target, copied);
    } catch (NoSuchFileException | AccessDeniedException e) {
      if (source.toString().equals(e.getFile())) {
        return Optional.of(file.path() + " is missing or cannot be read");
      }
      throw e;
    }
    whenCopied.accept(target);
    Stamp stamp = FileStamps.stamp(target);
    if (stamp != null) {
      stamps.put(file.path(), stamp);
    }
    return FileHash.sha256(target).equals(file.sha256())
        ? Optional.empty()
        : Optional.of(file.path() + ": checksum mismatch");
  }
}
