package io.shadowindex.server.grpc;

import io.grpc.Context;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What has come of the message of a call that is not told of it yet, most of all because the rest
 * is missing. It is counted frame by frame, on the connection's thread, among what there is of
 * others.
 */
final class ArrivingBytes extends ServerStreamTracer {

  private static final Context.Key<ArrivingBytes> KEY = Context.key("arriving-bytes");

  private final Room room;
  private final AtomicLong arrived = new AtomicLong();
  private volatile long since;
  private volatile boolean tooMany;
  private volatile @Nullable Runnable refuse;

  /**
   * What requests of some calls may have together.
   *
   * @param bytes how many there are
   */
  record Room(AtomicLong bytes, int limit) {
    static Room of(int limit) {
      return new Room(new AtomicLong(), limit);
    }
  }

  /** Begins at 0. */
  ArrivingBytes(Room room) {
    this.room = room;
  }

  /** Those of the call whose handler this thread runs. */
  static ArrivingBytes ofCall() {
    return Objects.requireNonNull(KEY.get(), "a call that is not traced");
  }

  @Override
  public Context filterContext(Context context) {
    return context.withValue(KEY, this);
  }

  /** Where they are counted. */
  Room room() {
    return room;
  }

  /** Whether there are some, and have been for longer than that. */
  boolean areOlderThan(Duration age) {
    return arrived.get() > 0 && System.nanoTime() - since > age.toNanos();
  }

  /** Has the call refused, once or more often and on any thread, when too many have come. */
  void onTooMany(Runnable refuse) {
    this.refuse = refuse;
    if (tooMany) {
      refuse.run();
    }
  }

  @Override
  public void inboundWireSize(long bytes) {
    if (room.bytes().addAndGet(bytes) <= room.limit()) {
      if (arrived.get() == 0) {
        since = System.nanoTime();
      }
      arrived.addAndGet(bytes);
      return;
    }
    room.bytes().addAndGet(-bytes);
    tooMany = true;
    Runnable action = refuse;
    if (action != null) {
      action.run();
    }
  }

  /** Begins at 0 again; answers how many there were, which stay counted. */
  long handOver() {
    return arrived.getAndSet(0);
  }

  /** The same, and they are no longer counted. */
  void forget() {
    room.bytes().addAndGet(-handOver());
  }

  @Override
  public void streamClosed(Status status) {
    forget();
  }
}
