package io.shadowindex.server.grpc;

import io.grpc.Context;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What has come of the message of a call that is not told of it yet, most of all because the rest
 * is missing. It is counted frame by frame, on the connection's thread, among what there is of all
 * calls.
 */
final class ArrivingBytes extends ServerStreamTracer {

  private static final Context.Key<ArrivingBytes> KEY = Context.key("arriving-bytes");

  private final AtomicLong ofAll;
  private final long limit;
  private final AtomicLong arrived = new AtomicLong();
  private volatile boolean tooMany;
  private volatile @Nullable Runnable refuse;

  /**
   * Begins at 0.
   *
   * @param limit how many there may be of all calls
   */
  ArrivingBytes(AtomicLong ofAll, long limit) {
    this.ofAll = ofAll;
    this.limit = limit;
  }

  /** Those of the call whose handler this thread runs. */
  static ArrivingBytes ofCall() {
    return Objects.requireNonNull(KEY.get(), "a call that is not traced");
  }

  @Override
  public Context filterContext(Context context) {
    return context.withValue(KEY, this);
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
    if (ofAll.addAndGet(bytes) <= limit) {
      arrived.addAndGet(bytes);
      return;
    }
    ofAll.addAndGet(-bytes);
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
    ofAll.addAndGet(-handOver());
  }

  @Override
  public void streamClosed(Status status) {
    forget();
  }
}
