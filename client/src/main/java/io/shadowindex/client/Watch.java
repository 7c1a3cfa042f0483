package io.shadowindex.client;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.shadowindex.v1.ErrorReason;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The messages of a watch as they come, without a deadline.
 *
 * <p>When the server or the connection goes away, the watch connects again for as long as it was
 * told, and resumes after the last revision: no event is lost or comes twice. Only where the log
 * does not go back so far it begins again with a snapshot. A server that was never there is not
 * waited for.
 *
 * <p>{@link #hasNext} blocks until the next message is there and is false when the server has ended
 * the watch. It throws {@link ShadowIndexException} when the watch was refused, could not be
 * resumed or was closed. Iterating is for one thread; {@link #close} may come from any.
 *
 * @param <M> a message
 */
public abstract sealed class Watch<M> implements Iterator<M>, AutoCloseable
    permits BuildWatch, BuildsWatch, LocksWatch {

  private final Connection connection;
  private final long patienceNanos;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Backoff backoff = new Backoff();
  private Context.@Nullable CancellableContext call;
  private @Nullable Iterator<M> messages;
  private @Nullable Long revision;
  private boolean told;
  private boolean broken;
  private long brokenSince;

  Watch(Connection connection, Duration patience) {
    this.connection = connection;
    this.patienceNanos = patience.toNanos();
  }

  /**
   * Begins the call.
   *
   * @param revision the one to resume after; null to begin as the request says
   */
  abstract Iterator<M> begin(@Nullable Long revision);

  /** The request's, without a revision to begin from, where the log does not go back so far. */
  abstract Iterator<M> beginWithSnapshot();

  /** With which revision to resume after this message; 0 when it does not say. */
  abstract long revision(M message);

  @Override
  public final boolean hasNext() {
    while (true) {
      try {
        return messages().hasNext();
      } catch (StatusRuntimeException e) {
        resumeAfter(e);
      }
    }
  }

  @Override
  public final M next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the watch is over");
    }
    M message = messages().next();
    told = true;
    broken = false;
    backoff.reset();
    long reached = revision(message);
    revision = reached == 0 ? revision : Long.valueOf(reached);
    return message;
  }

  private Iterator<M> messages() {
    if (messages == null) {
      messages = open(() -> begin(revision));
    }
    return messages;
  }

  /** Opens the call again, or throws the failure when that makes no sense, or not any more. */
  private void resumeAfter(StatusRuntimeException failure) {
    ShadowIndexException explained = connection.explained(failure);
    boolean compacted = told && explained.reason() == ErrorReason.Enum.REVISION_OUT_OF_RANGE;
    boolean lost = connection.mayRecover(failure) && connection.isReached() && mayWait();
    if (!compacted && !lost) {
      throw explained;
    }
    if (isClosedAfter(backoff.nextNanos())) {
      throw connection.explained(
          Status.CANCELLED.withDescription("the watch was closed").asRuntimeException());
    }
    connection.reconnect();
    messages = open(() -> compacted ? beginWithSnapshot() : begin(revision));
  }

  private boolean mayWait() {
    long now = System.nanoTime();
    brokenSince = broken ? brokenSince : now;
    broken = true;
    return now - brokenSince < patienceNanos;
  }

  private boolean isClosedAfter(long nanos) {
    try {
      return closed.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private synchronized Iterator<M> open(Supplier<Iterator<M>> beginning) {
    cancelCall();
    Context.CancellableContext opened = Context.current().withCancellation();
    call = opened;
    if (closed.getCount() == 0) {
      cancelCall();
    }
    Context previous = opened.attach();
    try {
      return beginning.get();
    } finally {
      opened.detach(previous);
    }
  }

  private void cancelCall() {
    if (call != null) {
      call.cancel(null);
    }
  }

  /** Ends the watch; a thread that waits for the next message gets {@code Cancelled}. */
  @Override
  public final synchronized void close() {
    closed.countDown();
    cancelCall();
  }
}
