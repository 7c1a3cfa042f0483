package io.shadowindex.server.grpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the calls that neither the server nor their clients have ended. One that the server has
 * ended is not among them, although its client may have to read its answer yet.
 */
final class ActiveCalls implements ServerInterceptor {

  private final AtomicLong active = new AtomicLong();

  /** Whether there are any. */
  boolean any() {
    return active.get() > 0;
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    var ended = new AtomicBoolean(); // the server and the client may do it at the same moment
    active.incrementAndGet();
    var counted =
        new SimpleForwardingServerCall<ReqT, RespT>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            super.close(status, trailers);
            end(ended);
          }
        };
    Listener<ReqT> listener;
    try {
      listener = next.startCall(counted, headers);
    } catch (RuntimeException | Error e) {
      end(ended); // gRPC tells nobody of its end
      throw e;
    }
    return new SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onCancel() {
        end(ended);
        super.onCancel();
      }
    };
  }

  private void end(AtomicBoolean ended) {
    if (ended.compareAndSet(false, true)) {
      active.decrementAndGet();
    }
  }
}
