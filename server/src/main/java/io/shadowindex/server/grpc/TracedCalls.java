package io.shadowindex.server.grpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.context.propagation.TextMapSetter;
import java.util.Objects;

/**
 * Makes a span of each call, in the trace that its headers name, or in a new one. What is further
 * in finds the span in the headers instead, and in the context of the thread.
 */
final class TracedCalls implements ServerInterceptor {

  private static final TextMapPropagator W3C = W3CTraceContextPropagator.getInstance();

  private static final TextMapGetter<Metadata> GETTER =
      (headers, name) -> Objects.requireNonNull(headers).get(key(name));

  private static final TextMapSetter<Metadata> SETTER =
      (headers, name, value) -> {
        Objects.requireNonNull(headers).discardAll(key(name));
        headers.put(key(name), value);
      };

  private final Tracer tracer;

  TracedCalls(Tracer tracer) {
    this.tracer = tracer;
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    Context parent = W3C.extract(Context.root(), headers, GETTER);
    Span span = span(call.getMethodDescriptor(), parent);
    Context context = parent.with(span);
    W3C.inject(context, headers, SETTER);
    var traced =
        new SimpleForwardingServerCall<ReqT, RespT>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            span.setAttribute("rpc.grpc.status_code", status.getCode().value());
            if (isFailure(status.getCode())) {
              span.setStatus(StatusCode.ERROR, status.getCode().name());
            }
            super.close(status, trailers);
          }
        };
    return new SimpleForwardingServerCallListener<>(next.startCall(traced, headers)) {

      @Override
      public void onMessage(ReqT message) {
        try (Scope _ = context.makeCurrent()) {
          super.onMessage(message);
        }
      }

      @Override
      public void onHalfClose() {
        try (Scope _ = context.makeCurrent()) {
          super.onHalfClose();
        }
      }

      @Override
      public void onCancel() {
        super.onCancel();
        span.setAttribute("rpc.grpc.status_code", Status.Code.CANCELLED.value());
        span.end();
      }

      @Override
      public void onComplete() {
        super.onComplete();
        span.end();
      }
    };
  }

  private Span span(MethodDescriptor<?, ?> method, Context parent) {
    return tracer
        .spanBuilder(method.getFullMethodName())
        .setParent(parent)
        .setSpanKind(SpanKind.SERVER)
        .setAttribute("rpc.system", "grpc")
        .setAttribute("rpc.service", String.valueOf(method.getServiceName()))
        .setAttribute("rpc.method", String.valueOf(method.getBareMethodName()))
        .startSpan();
  }

  /** Whether the server is to blame, by OpenTelemetry's conventions for spans of servers. */
  private static boolean isFailure(Status.Code code) {
    return switch (code) {
      case UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS -> true;
      case OK,
          CANCELLED,
          INVALID_ARGUMENT,
          NOT_FOUND,
          ALREADY_EXISTS,
          PERMISSION_DENIED,
          RESOURCE_EXHAUSTED,
          FAILED_PRECONDITION,
          ABORTED,
          OUT_OF_RANGE,
          UNAUTHENTICATED ->
          false;
    };
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
