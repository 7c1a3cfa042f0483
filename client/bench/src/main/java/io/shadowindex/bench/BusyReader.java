package io.shadowindex.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** A reader that opens and reads a file of the live index again and again, without a pause. */
final class BusyReader implements AutoCloseable {

  private final Path file;
  private final Thread thread;
  private volatile boolean closed;
  private volatile long reads;
  private volatile long misses;

  /** Begins to read that file, whose path leads through what is switched. */
  BusyReader(Path file) {
    this.file = file;
    this.thread = Thread.ofPlatform().name("busy-reader").start(this::read);
  }

  // Only this thread writes the counters.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void read() {
    var oneByte = ByteBuffer.allocate(1);
    while (!closed) {
      try (var channel = FileChannel.open(file)) {
        channel.read(oneByte.clear());
      } catch (IOException missing) {
        misses++;
      }
      reads++;
    }
  }

  long reads() {
    return reads;
  }

  /** How many of the reads found nothing. */
  long misses() {
    return misses;
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the reader ends by itself
    }
  }
}
