package io.shadowindex.server.index;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collection;
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
   * Makes many files below a directory durable, and the names in these directories, in their order.
   *
   * @param files empty where each has been synced already
   */
  static void sync(
      FileOperations operations, Path directory, List<Path> files, Collection<Path> directories)
      throws IOException {
    if (!files.isEmpty() && operations.syncFileSystem(directory)) {
      return;
    }
    try (var pool = new ForkJoinPool(THREADS)) {
      pool.submit(() -> files.parallelStream().forEach(file -> sync(operations, file))).join();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    for (Path each : directories) {
      operations.sync(each);
    }
  }

  private static void sync(FileOperations operations, Path file) {
    try {
      operations.sync(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
