package io.shadowindex.server.grpc;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Ends a call with the right status when its handler throws, and has what is logged meanwhile say
 * for which call. The top of every call's thread, and so one of the few places that may catch
 * everything.
 */
final class ErrorInterceptor implements ServerInterceptor {

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

      private LoggedCall logged = LoggedCall.UNKNOWN;
      private boolean ended;

      @Override
      public void onMessage(ReqT message) {
        if (logged.isUnknown()) {
          logged = LoggedCall.of(call.getMethodDescriptor(), headers, message);
        }
        // Taking a message logs nothing but what goes wrong, and a stream may bring very many.
        guard(() -> super.onMessage(message));
      }

      @Override
      public void onHalfClose() {
        logged.begin();
        guard(super::onHalfClose);
        LoggedCall.end();
      }

      private void guard(Runnable handler) {
        if (ended) {
          return;
        }
        try {
          handler.run();
        } catch (Throwable e) {
          ended = true;
          logged.begin();
          GrpcErrors.end(call, e);
          LoggedCall.end();
        }
      }
    };
  }
}
