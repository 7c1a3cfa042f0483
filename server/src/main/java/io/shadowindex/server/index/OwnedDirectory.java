package io.shadowindex.server.index;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A directory that belongs to this process alone while it is open: a lock of the operating system
 * on a file in it, which ends with the process however that ends.
 */
public final class OwnedDirectory implements AutoCloseable {

  /** The file, which stays when the lock has ended. */
  public static final String LOCK_FILE = ".lock";

  private final FileChannel channel;

  private OwnedDirectory(FileChannel channel) {
    this.channel = channel;
  }

  /** Takes the directory, which is created when missing; empty when another process has it. */
  public static Optional<OwnedDirectory> take(Path directory) throws IOException {
    Files.createDirectories(directory);
    var channel =
        FileChannel.open(
            directory.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (lock(channel) == null) {
      channel.close();
      return Optional.empty();
    }
    return Optional.of(new OwnedDirectory(channel));
  }

  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException heldInThisProcess) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
