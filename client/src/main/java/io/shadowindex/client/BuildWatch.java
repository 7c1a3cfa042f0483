package io.shadowindex.client;

import io.grpc.Context;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import java.util.Iterator;

/**
 * The messages of one WatchBuild call: a snapshot, then state changes and progress as they come.
 *
 * <p>{@link #hasNext} blocks until the next message is there and is false once the build is ACTIVE,
 * CLEANUP, FAILED or CANCELLED. It throws {@link io.grpc.StatusRuntimeException} when the call was
 * refused or broke off; there is no reconnecting, so open a new watch and begin with its snapshot.
 * Iterating is for one thread; {@link #close} may come from any.
 */
public final class BuildWatch implements Iterator<WatchBuildResponse>, AutoCloseable {
  private final Context.CancellableContext call;
  private final Iterator<WatchBuildResponse> messages;

  BuildWatch(ShadowIndexServiceBlockingStub stub, WatchBuildRequest request) {
    call = Context.current().withCancellation();
    Context previous = call.attach();
    try {
      messages = stub.watchBuild(request);
    } finally {
      call.detach(previous);
    }
  }

  @Override
  public boolean hasNext() {
    return messages.hasNext();
  }

  @Override
  public WatchBuildResponse next() {
    return messages.next();
  }

  /** Ends the call; a thread that waits for the next message gets status CANCELLED. */
  @Override
  public void close() {
    call.cancel(null);
  }
}
