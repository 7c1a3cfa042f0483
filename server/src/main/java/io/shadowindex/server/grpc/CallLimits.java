package io.shadowindex.server.grpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.Attributes;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.shadowindex.server.refusal.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Counts what is under way, and refuses at once what is too much: streams of each connection and of
 * all, other calls, and those of them that wait for a lock.
 */
final class CallLimits extends ServerTransportFilter implements ServerInterceptor {

  private static final Attributes.Key<AtomicInteger> STREAMS = Attributes.Key.create("streams");
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final Limits limits;
  private final AtomicInteger streams = new AtomicInteger();
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger lockWaits = new AtomicInteger();

  /**
   * How many there may be at a time.
   *
   * @param streams watches and worker streams
   * @param streamsPerConnection of these, in one connection
   * @param calls all others
   * @param lockWaits of these, those that wait for a lock
   */
  record Limits(int streams, int streamsPerConnection, int calls, int lockWaits) {}

  CallLimits(Limits limits) {
    this.limits = limits;
  }

  /** How many streams there are. */
  int openStreams() {
    return streams.get();
  }

  @Override
  public Attributes transportReady(Attributes transport) {
    return transport.toBuilder().set(STREAMS, new AtomicInteger()).build();
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    var counted = new Counted();
    Refusal refusal =
        call.getMethodDescriptor().getType().serverSendsOneMessage()
            ? countCall(counted)
            : countStream(counted, call);
    if (refusal != null) {
      counted.end();
      return GrpcErrors.refuse(call, refusal);
    }
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

      private boolean refused;

      @Override
      public void onMessage(ReqT message) {
        if (waits(message) && !counted.add(lockWaits, limits.lockWaits())) {
          refused = true;
          var _ =
              GrpcErrors.refuse(
                  call, new Refusal.TooManyCalls("lock_waits", limits.lockWaits(), RETRY_AFTER));
          return;
        }
        super.onMessage(message);
      }

      @Override
      public void onHalfClose() {
        if (!refused) {
          super.onHalfClose();
        }
      }

      @Override
      public void onComplete() {
        counted.end();
        super.onComplete();
      }

      @Override
      public void onCancel() {
        counted.end();
        super.onCancel();
      }
    };
  }

  private @Nullable Refusal countCall(Counted counted) {
    return counted.add(calls, limits.calls())
        ? null
        : new Refusal.TooManyCalls("server", limits.calls(), RETRY_AFTER);
  }

  private @Nullable Refusal countStream(Counted counted, ServerCall<?, ?> call) {
    AtomicInteger ofConnection = call.getAttributes().get(STREAMS);
    if (ofConnection == null) {
      throw new IllegalStateException("the connection did not pass the filter");
    }
    if (!counted.add(ofConnection, limits.streamsPerConnection())) {
      return new Refusal.TooManyStreams("connection", limits.streamsPerConnection(), RETRY_AFTER);
    }
    return counted.add(streams, limits.streams())
        ? null
        : new Refusal.TooManyStreams("server", limits.streams(), RETRY_AFTER);
  }

  /** Whether a request may wait for a lock. */
  private static boolean waits(Object request) {
    if (!(request instanceof Message message)) {
      return false;
    }
    FieldDescriptor field = message.getDescriptorForType().findFieldByName("wait_seconds");
    return field != null && (int) message.getField(field) > 0;
  }

  /** Where one call is counted; gRPC tells of its end once. */
  private static final class Counted {

    private final List<AtomicInteger> counters = new ArrayList<>();

    /** Answers false, and does not count, when there are as many as may be. */
    boolean add(AtomicInteger counter, int limit) {
      if (counter.incrementAndGet() > limit) {
        counter.decrementAndGet();
        return false;
      }
      counters.add(counter);
      return true;
    }

    void end() {
      counters.forEach(AtomicInteger::decrementAndGet);
      counters.clear();
    }
  }
}
