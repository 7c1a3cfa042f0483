package io.shadowindex.server.index;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ForkJoinPool;

/** Many files made durable together. */
final class DurableFiles {

  /**
   * From so many files on waiting for all that was written to the file system, by others too, takes
   * less than an fsync(2) for each.
   */
  static final int MANY = 1_000;

  /** Many more than cores: a disk does many fsync(2) at once as fast as one. */
  static final int THREADS = 32;

  private DurableFiles() {}

  /**
   * Makes files below a directory durable.
   *
   * @return whether the names in all directories are durable, too
   */
  static boolean sync(FileOperations operations, Path directory, List<Path> files)
      throws IOException {
    if (operations.syncFileSystem(directory)) {
      return true;
    }
    try (var pool = new ForkJoinPool(THREADS)) {
      pool.submit(() -> files.parallelStream().forEach(file -> sync(operations, file))).join();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return false;
  }

  private static void sync(FileOperations operations, Path file) {
    try {
      operations.sync(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
