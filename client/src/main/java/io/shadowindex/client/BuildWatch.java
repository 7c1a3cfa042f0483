package io.shadowindex.client;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.v1.ErrorReason;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The messages of WatchBuild: a snapshot, then events, progress and heartbeats as they come.
 *
 * <p>When the server or the connection goes away after the first message, the watch connects again
 * for as long as it was told, and resumes after the last revision: no event is lost or comes twice.
 * Only where the log does not go back so far it begins again with a snapshot.
 *
 * <p>{@link #hasNext} blocks until the next message is there and is false once the build is ACTIVE,
 * CLEANUP, FAILED or CANCELLED (with {@code follow}, once nothing can happen to it any more). It
 * throws {@link StatusRuntimeException} when the call was refused or could not be resumed.
 * Iterating is for one thread; {@link #close} may come from any.
 */
public final class BuildWatch implements Iterator<WatchBuildResponse>, AutoCloseable {
  private static final Duration FIRST_WAIT = Duration.ofMillis(50);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

  private final ManagedChannel channel;
  private final Duration patience;
  private final CountDownLatch closed = new CountDownLatch(1);
  private WatchBuildRequest request;
  private Iterator<WatchBuildResponse> messages;
  private Context.CancellableContext call;
  private boolean told;
  private long brokenSince;
  private Duration wait = FIRST_WAIT;

  BuildWatch(ManagedChannel channel, WatchBuildRequest request, Duration patience) {
    this.channel = channel;
    this.patience = patience;
    this.request = request;
    this.call = Context.current().withCancellation();
    this.messages = open();
  }

  private Iterator<WatchBuildResponse> open() {
    Context previous = call.attach();
    try {
      return ShadowIndexServiceGrpc.newBlockingStub(channel).watchBuild(request);
    } finally {
      call.detach(previous);
    }
  }

  @Override
  public boolean hasNext() {
    while (true) {
      try {
        return messages.hasNext();
      } catch (StatusRuntimeException e) {
        resumeAfter(e);
      }
    }
  }

  @Override
  public WatchBuildResponse next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the watch is over");
    }
    WatchBuildResponse message = messages.next();
    told = true;
    brokenSince = 0;
    wait = FIRST_WAIT;
    request = request.toBuilder().setFromRevision(message.getRevision()).build();
    return message;
  }

  /** Opens the call again, or throws the failure when that makes no sense, or not any more. */
  private void resumeAfter(StatusRuntimeException failure) {
    if (Refusal.of(failure).reason() == ErrorReason.Enum.REVISION_OUT_OF_RANGE && told) {
      request = request.toBuilder().clearFromRevision().build();
    } else if (!told || failure.getStatus().getCode() != Code.UNAVAILABLE || !mayWait()) {
      throw failure;
    }
    if (isClosedAfter(wait)) {
      throw failure;
    }
    wait = wait.multipliedBy(2).compareTo(LONGEST_WAIT) < 0 ? wait.multipliedBy(2) : LONGEST_WAIT;
    channel.resetConnectBackoff();
    reopen();
  }

  private boolean mayWait() {
    long now = System.nanoTime();
    brokenSince = brokenSince == 0 ? now : brokenSince;
    return now - brokenSince < patience.toNanos();
  }

  private boolean isClosedAfter(Duration time) {
    try {
      return closed.await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private synchronized void reopen() {
    call.cancel(null);
    call = Context.current().withCancellation();
    messages = open();
    if (closed.getCount() == 0) {
      call.cancel(null);
    }
  }

  /** Ends the watch; a thread that waits for the next message gets status CANCELLED. */
  @Override
  public synchronized void close() {
    closed.countDown();
    call.cancel(null);
  }
}
