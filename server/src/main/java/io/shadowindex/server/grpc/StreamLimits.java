package io.shadowindex.server.grpc;

import io.grpc.Attributes;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.StatusException;
import io.shadowindex.server.refusal.Refusal;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the streams of each connection and of all, and refuses those that are too many. */
final class StreamLimits extends ServerTransportFilter implements ServerInterceptor {

  private static final Attributes.Key<AtomicInteger> OF_CONNECTION =
      Attributes.Key.create("streams");
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final int perConnection;
  private final int inTotal;
  private final AtomicInteger ofServer = new AtomicInteger();

  StreamLimits(int perConnection, int inTotal) {
    this.perConnection = perConnection;
    this.inTotal = inTotal;
  }

  /** How many there are. */
  int open() {
    return ofServer.get();
  }

  @Override
  public Attributes transportReady(Attributes transport) {
    return transport.toBuilder().set(OF_CONNECTION, new AtomicInteger()).build();
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    if (call.getMethodDescriptor().getType().serverSendsOneMessage()) {
      return next.startCall(call, headers);
    }
    AtomicInteger ofConnection = call.getAttributes().get(OF_CONNECTION);
    if (ofConnection == null) {
      throw new IllegalStateException("the connection did not pass the filter");
    }
    if (ofConnection.incrementAndGet() > perConnection) {
      ofConnection.decrementAndGet();
      return refuse(call, "connection", perConnection);
    }
    if (ofServer.incrementAndGet() > inTotal) {
      ofConnection.decrementAndGet();
      ofServer.decrementAndGet();
      return refuse(call, "server", inTotal);
    }
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

      private final AtomicBoolean ended = new AtomicBoolean();

      @Override
      public void onComplete() {
        end();
        super.onComplete();
      }

      @Override
      public void onCancel() {
        end();
        super.onCancel();
      }

      private void end() {
        if (ended.compareAndSet(false, true)) {
          ofConnection.decrementAndGet();
          ofServer.decrementAndGet();
        }
      }
    };
  }

  private static <ReqT, RespT> Listener<ReqT> refuse(
      ServerCall<ReqT, RespT> call, String scope, int limit) {
    StatusException refused =
        GrpcErrors.toStatus(new Refusal.TooManyStreams(scope, limit, RETRY_AFTER).exception());
    Metadata trailers = refused.getTrailers();
    call.close(refused.getStatus(), trailers == null ? new Metadata() : trailers);
    return new Listener<>() {};
  }
}
