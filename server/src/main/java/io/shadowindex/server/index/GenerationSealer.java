package io.shadowindex.server.index;

import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.Refusal.Violation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns the directory a worker has filled into a generation: refuses what is not a plain file,
 * makes the files read-only, hashes them, and makes the files, their names and the manifest
 * durable.
 *
 * <p>Takes as long as reading every file once, on all cores. A crash leaves the directory as it
 * was, perhaps read-only, and perhaps a manifest that the next completion replaces.
 */
public final class GenerationSealer {

  private static final Logger log = LoggerFactory.getLogger(GenerationSealer.class);

  /** The system's word for EPERM. */
  private static final String NOT_PERMITTED = "Operation not permitted";

  private final IndexLayout layout;
  private final FileOperations files;

  public GenerationSealer(IndexLayout layout, FileOperations files) {
    this.layout = layout;
    this.files = files;
  }

  /**
   * Seals a build's directory and answers its manifest, durable.
   *
   * @param claimed what the worker says is there
   * @throws io.shadowindex.server.refusal.RefusedException when the directory is gone ({@link
   *     Refusal.DirectoryMissing}), holds what a generation cannot have ({@link
   *     Refusal.UnsafeFiles}), nothing ({@link Refusal.DirectoryEmpty}), or not what the worker
   *     says ({@link Refusal.ManifestDiffers})
   * @throws java.io.SyncFailedException when files of the build or their names may be lost: no
   *     later attempt can tell, the files have to be written anew
   */
  public Manifest seal(UUID buildId, ClaimedManifest claimed) throws IOException {
    Path directory = layout.buildDirectory(buildId);
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      throw new Refusal.DirectoryMissing(buildId).exception();
    }
    claimed.requireSafePaths(buildId);
    try {
      return sealExisting(buildId, directory, claimed);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private Manifest sealExisting(UUID buildId, Path directory, ClaimedManifest claimed)
      throws IOException {
    GenerationFiles found = GenerationFiles.scan(directory);
    if (!found.unsafe().isEmpty()) {
      throw new Refusal.UnsafeFiles(buildId, found.unsafe()).exception();
    }
    if (found.files().isEmpty()) {
      throw new Refusal.DirectoryEmpty(buildId).exception();
    }
    if (claimed.isGiven()) {
      claimed.requireNamesAndSizes(buildId, found);
    }
    boolean many = found.files().size() >= DurableFiles.MANY;
    var manifest = new Manifest(sealAll(buildId, directory, found, !many));
    refuseChanges(buildId, found, GenerationFiles.scan(directory));
    claimed.requireContent(buildId, manifest);
    makeDurable(directory, many ? paths(directory, found) : List.of(), found.directories());
    write(buildId, manifest);
    return manifest;
  }

  private static List<Path> paths(Path directory, GenerationFiles found) {
    return found.files().stream().map(file -> directory.resolve(file.path())).toList();
  }

  private void makeDurable(Path directory, List<Path> unsynced, List<Path> directories)
      throws IOException {
    try {
      DurableFiles.sync(files, directory, unsynced, directories.reversed());
    } catch (IOException e) {
      throw notDurable(e);
    }
  }

  private void sync(Path path, FileChannel open) throws IOException {
    try {
      files.sync(path, open);
    } catch (IOException e) {
      throw notDurable(e);
    }
  }

  private static void refuseChanges(UUID buildId, GenerationFiles before, GenerationFiles after) {
    if (before.files().equals(after.files()) && after.unsafe().isEmpty()) {
      return;
    }
    var known = Set.copyOf(before.files());
    var changed =
        after.files().stream()
            .filter(file -> !known.contains(file))
            .map(file -> new Violation(file.path(), "is still being written to"))
            .toList();
    var gone = new Violation(".", "is still being written to");
    throw new Refusal.UnsafeFiles(buildId, changed.isEmpty() ? List.of(gone) : changed).exception();
  }

  /** The files in parallel: a stream that begins in a pool stays in it. */
  private List<Manifest.Entry> sealAll(
      UUID buildId, Path directory, GenerationFiles found, boolean sync) {
    var foreign = new AtomicBoolean();
    try (var pool = new ForkJoinPool(DurableFiles.THREADS)) {
      return pool.submit(
              () ->
                  found.files().parallelStream()
                      .map(
                          file ->
                              seal(buildId, directory.resolve(file.path()), file, sync, foreign))
                      .toList())
          .join();
    }
  }

  /**
   * Read-only first: what is written to it afterwards is seen by the look at all files at the end.
   */
  private Manifest.Entry seal(
      UUID buildId, Path path, GenerationFiles.Found file, boolean sync, AtomicBoolean foreign) {
    try {
      makeReadOnly(buildId, path, foreign);
      try (var open = FileHash.open(path)) {
        String sha256 = FileHash.sha256(open);
        if (sync) {
          sync(path, open);
        }
        return new Manifest.Entry(file.path(), file.sizeBytes(), sha256);
      }
    } catch (AccessDeniedException e) {
      var violation = GenerationFiles.unreadable(file.path());
      throw new Refusal.UnsafeFiles(buildId, List.of(violation)).exception();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Another user's files cannot be made read-only, which is said once; the manifest still tells
   * when they change.
   */
  private void makeReadOnly(UUID buildId, Path file, AtomicBoolean foreign) throws IOException {
    if (foreign.get()) {
      return;
    }
    try {
      files.makeReadOnly(file);
    } catch (AccessDeniedException e) {
      log.debug("{} cannot be read, which its hash will tell", file);
    } catch (FileSystemException e) {
      if (!NOT_PERMITTED.equals(e.getReason())) {
        throw e;
      }
      if (foreign.compareAndSet(false, true)) {
        log.warn("files of build {} cannot be made read-only: {}", buildId, e.getReason());
      }
    }
  }

  /** What a failure to sync is: unless it was not begun, no later attempt can tell. */
  private static IOException notDurable(IOException e) {
    boolean begun = !(e instanceof NoSuchFileException || e instanceof AccessDeniedException);
    return begun ? FileOperations.syncFailed(e) : e;
  }

  private void write(UUID buildId, Manifest manifest) throws IOException {
    files.createDirectories(layout.staging());
    Path draft = layout.staging().resolve(UUID.randomUUID().toString());
    files.writeNew(draft, manifest::writeTo);
    files.rename(draft, layout.manifest(buildId));
    files.sync(layout.builds());
  }
}
