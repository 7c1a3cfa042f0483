package io.shadowindex.server.grpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.shadowindex.server.refusal.Refusal;

/**
 * A call that may be refused on any thread, whatever it is sending. Its handler hears of its end.
 */
final class EndableCall<ReqT, RespT> extends SimpleForwardingServerCall<ReqT, RespT> {

  private boolean ended;

  EndableCall(ServerCall<ReqT, RespT> call) {
    super(call);
  }

  void refuse(Refusal refusal) {
    GrpcErrors.end(this, refusal.exception());
  }

  @Override
  public synchronized void sendHeaders(Metadata headers) {
    if (!ended) {
      super.sendHeaders(headers);
    }
  }

  @Override
  public synchronized void sendMessage(RespT message) {
    if (!ended) {
      super.sendMessage(message);
    }
  }

  @Override
  public synchronized void close(Status status, Metadata trailers) {
    if (!ended) {
      ended = true;
      super.close(status, trailers);
    }
  }
}
