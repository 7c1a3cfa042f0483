package io.shadowindex.server.grpc;

import static java.util.stream.Collectors.toUnmodifiableSet;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.Attributes;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Counts what is under way, and refuses at once what is too much: streams of each connection and of
 * all, other calls, and those of them that wait for a lock. What is left runs in turns.
 */
final class CallLimits extends ServerTransportFilter implements ServerInterceptor {

  private static final Attributes.Key<Connection> CONNECTION = Attributes.Key.create("connection");
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  /** What takes as long as files are large or writers hold their locks; no turn is taken for it. */
  private static final Set<String> LONG =
      Stream.of(
              ShadowIndexServiceGrpc.getCompleteBuildMethod(),
              ShadowIndexServiceGrpc.getRetryBuildMethod(),
              ShadowIndexServiceGrpc.getSwitchIndexMethod(),
              ShadowIndexServiceGrpc.getRollbackIndexMethod(),
              ShadowIndexServiceGrpc.getDeleteIndexMethod(),
              ShadowIndexServiceGrpc.getCheckIndexesMethod())
          .map(MethodDescriptor::getFullMethodName)
          .collect(toUnmodifiableSet());

  private final Limits limits;
  private final Turns turns;
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
   * @param running of these, those that neither wait for a lock nor take long by nature; more have
   *     to wait for their turn
   */
  record Limits(int streams, int streamsPerConnection, int calls, int lockWaits, int running) {}

  /** What is known of one connection. */
  private record Connection(AtomicInteger streams, Turns.Line line) {}

  CallLimits(Limits limits) {
    this.limits = limits;
    this.turns = new Turns(limits.running());
  }

  /** How many calls wait for their turn. */
  int waitingCalls() {
    return turns.waiting();
  }

  /** How many streams there are. */
  int openStreams() {
    return streams.get();
  }

  @Override
  public Attributes transportReady(Attributes transport) {
    return transport.toBuilder()
        .set(CONNECTION, new Connection(new AtomicInteger(), new Turns.Line()))
        .build();
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    var counted = new Counted();
    Connection connection = connection(call);
    MethodDescriptor<ReqT, RespT> method = call.getMethodDescriptor();
    Refusal refusal =
        method.getType().serverSendsOneMessage()
            ? countCall(counted)
            : countStream(counted, connection.streams());
    if (refusal != null) {
      counted.end();
      return GrpcErrors.refuse(call, refusal);
    }
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

      private boolean takesTurn =
          method.getType() == MethodType.UNARY && !LONG.contains(method.getFullMethodName());
      private boolean refused;

      @Override
      public void onMessage(ReqT message) {
        boolean waits = waits(message);
        takesTurn &= !waits;
        if (waits && !counted.add(lockWaits, limits.lockWaits())) {
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
        if (refused) {
          return;
        }
        if (!takesTurn) {
          super.onHalfClose();
          return;
        }
        turns.take(connection.line());
        try {
          if (!call.isCancelled()) { // while it waited
            super.onHalfClose();
          }
        } finally {
          turns.pass();
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

  private @Nullable Refusal countStream(Counted counted, AtomicInteger ofConnection) {
    if (!counted.add(ofConnection, limits.streamsPerConnection())) {
      return new Refusal.TooManyStreams("connection", limits.streamsPerConnection(), RETRY_AFTER);
    }
    return counted.add(streams, limits.streams())
        ? null
        : new Refusal.TooManyStreams("server", limits.streams(), RETRY_AFTER);
  }

  private static Connection connection(ServerCall<?, ?> call) {
    return Objects.requireNonNull(
        call.getAttributes().get(CONNECTION), "a connection that did not pass the filter");
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
