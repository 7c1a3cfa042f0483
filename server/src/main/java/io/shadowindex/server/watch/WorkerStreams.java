package io.shadowindex.server.watch;

import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.refusal.Refusal;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The streams over which workers report. A worker id belongs to the stream that was opened last: a
 * worker that comes back is not kept out by what is left of its old connection, and of two workers
 * with one id the older one is told.
 */
public final class WorkerStreams {

  private final ConcurrentHashMap<UUID, Map<String, Stream>> streams = new ConcurrentHashMap<>();

  /** What wakes up the calls that have not opened a stream yet. */
  private final Set<Runnable> unopened = ConcurrentHashMap.newKeySet();

  private volatile boolean draining;

  /** One stream. For any thread. */
  public final class Stream implements AutoCloseable {
    private final UUID buildId;
    private final String workerId;
    private final Runnable wakeUp;
    private volatile boolean replaced;

    private Stream(UUID buildId, String workerId, Runnable wakeUp) {
      this.buildId = buildId;
      this.workerId = workerId;
      this.wakeUp = wakeUp;
    }

    /** Refuses when the stream has to end: with {@code WorkerReplaced} or {@code Draining}. */
    public void requireOpen() {
      if (replaced) {
        throw new Refusal.WorkerReplaced(buildId, workerId).exception();
      }
      requireServing();
    }

    @Override
    public void close() {
      streams.computeIfPresent(
          buildId,
          (id, workers) -> {
            workers.remove(workerId, this);
            return workers.isEmpty() ? null : workers;
          });
    }

    private void replace() {
      replaced = true;
      wakeUp.run();
    }
  }

  /** Has streams woken up when their build is to be worked on differently. */
  public WorkerStreams(ProgressBoard board) {
    board.onChange(
        id -> streams.getOrDefault(id, Map.of()).values().forEach(stream -> stream.wakeUp.run()));
  }

  /** Has a call woken up when it has to end although it has not opened a stream yet. */
  public void expect(Runnable wakeUp) {
    unopened.add(wakeUp);
  }

  /** The call has opened a stream or ended. */
  public void expectNoLonger(Runnable wakeUp) {
    unopened.remove(wakeUp);
  }

  /** Refuses with {@code Draining} when calls that have not opened a stream have to end. */
  public void requireServing() {
    if (draining) {
      throw new Refusal.Draining().exception();
    }
  }

  /**
   * Opens a stream.
   *
   * @param wakeUp called from any thread when the stream may have something to say; must not block
   */
  public Stream open(UUID buildId, String workerId, Runnable wakeUp) {
    var stream = new Stream(buildId, workerId, wakeUp);
    streams.compute(
        buildId,
        (id, others) -> {
          Map<String, Stream> workers = others == null ? new ConcurrentHashMap<>() : others;
          Stream older = workers.put(workerId, stream);
          if (older != null) {
            older.replace();
          }
          return workers;
        });
    stream.requireOpen();
    return stream;
  }

  /** Ends all streams; new ones are refused. */
  public void drain() {
    draining = true;
    unopened.forEach(Runnable::run);
    streams.values().forEach(all -> all.values().forEach(stream -> stream.wakeUp.run()));
  }
}
