package io.shadowindex.server.index;

import io.shadowindex.server.index.IndexFormat.Queries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * An index opened for its probe queries, in a thread of its own: whatever the format does, nobody
 * waits for it longer than they said. A thread that does not come back is left behind, interrupted.
 */
public final class ProbeSession implements AutoCloseable {

  private final IndexContent content;
  private final Queries opened;
  private final List<String> queries;
  private final ExecutorService thread;

  private ProbeSession(
      IndexContent content, Queries opened, List<String> queries, ExecutorService thread) {
    this.content = content;
    this.opened = opened;
    this.queries = queries;
    this.thread = thread;
  }

  /** Opens an index; null when its format has no queries. */
  public static @Nullable ProbeSession open(
      IndexFormats formats, Path directory, List<String> queries, Duration limit)
      throws IndexFormatException {
    ExecutorService thread =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("probe").factory());
    ProbeSession session = null;
    try {
      session =
          await(
              thread,
              limit,
              () -> {
                IndexContent content = formats.contentOf(directory);
                Queries opened = content.openQueries().orElse(null);
                if (opened != null && Thread.currentThread().isInterrupted()) {
                  content.close(opened); // too late, nobody waits any more
                  return null;
                }
                return opened == null ? null : new ProbeSession(content, opened, queries, thread);
              });
      return session;
    } finally {
      if (session == null) {
        thread.shutdownNow();
      }
    }
  }

  /** Runs every query once and answers how long that took together. */
  public Duration run(Duration limit) throws IndexFormatException {
    return await(
        thread,
        limit,
        () -> {
          long began = System.nanoTime();
          for (String query : queries) {
            var _ = content.run(opened, query);
          }
          return Duration.ofNanos(System.nanoTime() - began);
        });
  }

  /** Closes the index without waiting for that. */
  @Override
  public void close() {
    thread.execute(() -> content.close(opened));
    thread.shutdown();
  }

  private static <T extends @Nullable Object> T await(
      ExecutorService thread, Duration limit, Callable<T> task) throws IndexFormatException {
    Future<T> answer = thread.submit(task);
    try {
      return answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IndexFormatException said) {
        throw said;
      }
      throw new IllegalStateException(e.getCause());
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new IndexFormatException(
          "the probe queries took longer than %d ms".formatted(limit.toMillis()), e);
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new IndexFormatException("the probe queries were interrupted", e);
    }
  }
}
