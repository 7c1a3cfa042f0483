package io.shadowindex.server.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that read one live index, as a search library does: resolve the link once, then read what
 * it leads to. Without a pause they keep every processor busy that the server would need; how long
 * they pause, 0 by default, is set with {@code -Dshadowindex.readerPauseMicros}. They stop when
 * this is closed.
 */
public final class IndexReaders implements AutoCloseable {

  private static final long PAUSE_NANOS = 1000 * Long.getLong("shadowindex.readerPauseMicros", 0L);

  private final Queue<String> misses = new ConcurrentLinkedQueue<>();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong generationsSeen = new AtomicLong();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean done;

  /** Reads a generation; throws when it is not whole. */
  @FunctionalInterface
  public interface Reading {
    void read(Path generation) throws IOException;
  }

  private IndexReaders() {}

  public static IndexReaders start(int threads, Path link, Reading reading) {
    var readers = new IndexReaders();
    for (int i = 0; i < threads; i++) {
      readers.threads.add(
          Thread.ofPlatform()
              .name("reader-" + i)
              .start(() -> readers.readUntilDone(link, reading)));
    }
    return readers;
  }

  private void readUntilDone(Path link, Reading reading) {
    Path last = Path.of("");
    while (!done) {
      try {
        Path generation = link.toRealPath();
        reading.read(generation);
        if (!generation.equals(last)) {
          generationsSeen.incrementAndGet();
        }
        last = generation;
      } catch (IOException | AssertionError e) {
        misses.add(e.toString());
      }
      reads.incrementAndGet();
      if (PAUSE_NANOS > 0) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  public long reads() {
    return reads.get();
  }

  /** How often a reader found another generation than before, all readers together. */
  public long generationsSeen() {
    return generationsSeen.get();
  }

  /** What was wrong with reads. */
  public List<String> misses() {
    return List.copyOf(misses);
  }

  @Override
  public String toString() {
    return "%d reads, %d misses".formatted(reads.get(), misses.size());
  }

  @Override
  public void close() {
    done = true;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
