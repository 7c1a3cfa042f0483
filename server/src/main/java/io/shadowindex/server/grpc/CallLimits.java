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
import io.grpc.ServerStreamTracer;
import io.grpc.ServerTransportFilter;
import io.grpc.health.v1.HealthGrpc;
import io.shadowindex.server.grpc.ArrivingBytes.Room;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Counts what is under way, and refuses at once what is too much: streams of each connection and of
 * all, other calls, those of them that wait for a lock, and bytes of requests. What is left runs in
 * turns.
 */
final class CallLimits extends ServerTransportFilter implements ServerInterceptor {

  private static final Attributes.Key<Connection> CONNECTION = Attributes.Key.create("connection");
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  /**
   * Whether the server is well, which is asked to decide whether it is to live. There may be some
   * more of it when there may be no other calls.
   */
  private static final String HEALTH_CHECK = HealthGrpc.getCheckMethod().getFullMethodName();

  private static final long SPARE_CALLS = 64;

  /**
   * How large a request may be that needs no name. Such have room of their own: nobody knows who
   * sends them, and who has a name is not to be refused for it.
   */
  private static final int NAMELESS_BYTES = 4 << 10;

  /**
   * What takes as long as files are large or writers hold their locks, and what waits for nothing;
   * no turn is taken for it.
   */
  private static final Set<String> WITHOUT_TURN =
      Stream.of(
              ShadowIndexServiceGrpc.getCompleteBuildMethod(),
              ShadowIndexServiceGrpc.getRetryBuildMethod(),
              ShadowIndexServiceGrpc.getSwitchIndexMethod(),
              ShadowIndexServiceGrpc.getRollbackIndexMethod(),
              ShadowIndexServiceGrpc.getDeleteIndexMethod(),
              ShadowIndexServiceGrpc.getCheckIndexesMethod(),
              HealthGrpc.getCheckMethod())
          .map(MethodDescriptor::getFullMethodName)
          .collect(toUnmodifiableSet());

  private final Limits limits;
  private final Turns turns;
  private final AtomicLong streams = new AtomicLong();
  private final AtomicLong calls = new AtomicLong();
  private final AtomicLong lockWaits = new AtomicLong();
  private final Room requests;
  private final Set<Incoming<?>> incoming = ConcurrentHashMap.newKeySet();

  /**
   * How many there may be at a time.
   *
   * @param streams watches and worker streams
   * @param streamsPerConnection of these, in one connection
   * @param calls all others
   * @param lockWaits of these, those that wait for a lock
   * @param running of these, those that neither wait for a lock nor take long by nature; more have
   *     to wait for their turn
   * @param requestBytes how large the requests of all may be together, with what has come of those
   *     that are not whole; streams of requests are counted while theirs are not whole
   * @param opening how long a client may take to send its one request, and each of many once it has
   *     begun
   */
  record Limits(
      int streams,
      int streamsPerConnection,
      int calls,
      int lockWaits,
      int running,
      int requestBytes,
      Duration opening) {}

  /** What is known of one connection. */
  private record Connection(AtomicLong streams, Turns.Line line) {}

  CallLimits(Limits limits) {
    this.limits = limits;
    this.requests = Room.of(limits.requestBytes());
    this.turns = new Turns(limits.running());
  }

  /** How many calls wait for their turn. */
  int waitingCalls() {
    return turns.waiting();
  }

  /** How many streams there are. */
  long openStreams() {
    return streams.get();
  }

  @Override
  public Attributes transportReady(Attributes transport) {
    return transport.toBuilder()
        .set(CONNECTION, new Connection(new AtomicLong(), new Turns.Line()))
        .build();
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    var counted = new Counted();
    Connection connection = connection(call);
    MethodType type = call.getMethodDescriptor().getType();
    Refusal refusal =
        type.serverSendsOneMessage()
            ? countCall(counted, call.getMethodDescriptor().getFullMethodName())
            : countStream(counted, connection.streams());
    if (refusal != null) {
      counted.end();
      return GrpcErrors.refuse(call, refusal);
    }
    try {
      return begin(call, headers, next, counted, connection.line());
    } catch (RuntimeException | Error e) {
      counted.end(); // gRPC tells nobody of its end
      throw e;
    }
  }

  private <ReqT, RespT> Listener<ReqT> begin(
      ServerCall<ReqT, RespT> call,
      Metadata headers,
      ServerCallHandler<ReqT, RespT> next,
      Counted counted,
      Turns.Line line) {
    ArrivingBytes arriving = ArrivingBytes.ofCall();
    Refusal tooMany = new Refusal.TooManyBytes(arriving.room().limit(), RETRY_AFTER);
    if (!call.getMethodDescriptor().getType().clientSendsOneMessage()) {
      var endable = new EndableCall<>(call);
      Listener<ReqT> listener = next.startCall(endable, headers);
      var many = new ManyRequests<>(listener, counted, endable, arriving);
      incoming.add(many);
      arriving.onTooMany(() -> endable.refuse(tooMany));
      return many;
    }
    Listener<ReqT> listener = next.startCall(call, headers);
    var one = new OneRequest<>(listener, counted, call, arriving, line);
    incoming.add(one);
    arriving.onTooMany(() -> one.refuse(tooMany));
    return one;
  }

  /** Counts what comes of messages, before there is a call to intercept. */
  ServerStreamTracer.Factory arrivals() {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new ArrivingBytes(
            AccessRules.needsNoName(method) ? Room.of(NAMELESS_BYTES) : requests);
      }
    };
  }

  /** Refuses the calls whose request has taken too long to come. To be called again and again. */
  void refuseIncomplete() {
    incoming.forEach(Incoming::refuseIfOverdue);
  }

  /** A call that is counted until it ends, and of which something may be missing for too long. */
  private abstract class Incoming<ReqT> extends SimpleForwardingServerCallListener<ReqT> {

    final Counted counted;
    final ArrivingBytes arriving;

    Incoming(Listener<ReqT> listener, Counted counted, ArrivingBytes arriving) {
      super(listener);
      this.counted = counted;
      this.arriving = arriving;
    }

    /** On any thread. */
    abstract void refuseIfOverdue();

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
      counted.end();
      incoming.remove(this);
    }
  }

  /** A call whose client sends many messages, each of which is passed on as soon as it is whole. */
  private final class ManyRequests<ReqT> extends Incoming<ReqT> {

    private final EndableCall<ReqT, ?> call;

    ManyRequests(
        Listener<ReqT> listener,
        Counted counted,
        EndableCall<ReqT, ?> call,
        ArrivingBytes arriving) {
      super(listener, counted, arriving);
      this.call = call;
    }

    @Override
    public void onMessage(ReqT message) {
      arriving.forget();
      super.onMessage(message);
    }

    @Override
    void refuseIfOverdue() {
      if (arriving.areOlderThan(limits.opening())) {
        call.refuse(new Refusal.RequestIncomplete(limits.opening()));
      }
    }
  }

  /**
   * A call whose client sends one message. Nobody is told of the message before it is known that no
   * more follows; until then the call may be ended from outside its thread.
   */
  private final class OneRequest<ReqT> extends Incoming<ReqT> {

    private final ServerCall<ReqT, ?> call;
    private final Turns.Line line;
    private final long began = System.nanoTime();

    /** Whether its own thread, or one that refuses what is incomplete, has the call from now on. */
    private final AtomicBoolean taken = new AtomicBoolean();

    /** One; a client that breaks the rules may send another, which the service refuses. */
    private final List<ReqT> messages = new ArrayList<>(1);

    private boolean takesTurn;

    OneRequest(
        Listener<ReqT> listener,
        Counted counted,
        ServerCall<ReqT, ?> call,
        ArrivingBytes arriving,
        Turns.Line line) {
      super(listener, counted, arriving);
      this.call = call;
      this.line = line;
      MethodDescriptor<ReqT, ?> method = call.getMethodDescriptor();
      this.takesTurn =
          method.getType() == MethodType.UNARY
              && !WITHOUT_TURN.contains(method.getFullMethodName());
    }

    @Override
    public void onMessage(ReqT message) {
      Refusal refusal = countMessage(counted, arriving, (Message) message);
      if (refusal == null) {
        messages.add(message);
        takesTurn &= !waits((Message) message);
      } else {
        refuse(refusal);
      }
    }

    @Override
    public void onHalfClose() {
      if (!take()) {
        return;
      }
      if (!takesTurn) {
        carryOut();
        return;
      }
      turns.take(line);
      try {
        if (!call.isCancelled()) { // while it waited
          carryOut();
        }
      } finally {
        turns.pass();
      }
    }

    private void carryOut() {
      messages.forEach(super::onMessage);
      messages.clear();
      super.onHalfClose();
    }

    @Override
    void refuseIfOverdue() {
      if (System.nanoTime() - began > limits.opening().toNanos()) {
        refuse(new Refusal.RequestIncomplete(limits.opening()));
      }
    }

    private void refuse(Refusal refusal) {
      if (take()) {
        GrpcErrors.end(call, refusal.exception());
      }
    }

    private boolean take() {
      incoming.remove(this);
      return taken.compareAndSet(false, true);
    }
  }

  private @Nullable Refusal countCall(Counted counted, String method) {
    long spare = method.equals(HEALTH_CHECK) ? SPARE_CALLS : 0;
    return counted.add(calls, 1, limits.calls() + spare)
        ? null
        : new Refusal.TooManyCalls("server", limits.calls(), RETRY_AFTER);
  }

  private @Nullable Refusal countStream(Counted counted, AtomicLong ofConnection) {
    if (!counted.add(ofConnection, 1, limits.streamsPerConnection())) {
      return new Refusal.TooManyStreams("connection", limits.streamsPerConnection(), RETRY_AFTER);
    }
    return counted.add(streams, 1, limits.streams())
        ? null
        : new Refusal.TooManyStreams("server", limits.streams(), RETRY_AFTER);
  }

  /** A message that came compressed is larger than what has arrived. */
  private @Nullable Refusal countMessage(Counted counted, ArrivingBytes arriving, Message message) {
    Room room = arriving.room();
    long arrived = arriving.handOver();
    counted.takeOver(room.bytes(), arrived);
    if (!counted.add(room.bytes(), message.getSerializedSize() - arrived, room.limit())) {
      return new Refusal.TooManyBytes(room.limit(), RETRY_AFTER);
    }
    return !waits(message) || counted.add(lockWaits, 1, limits.lockWaits())
        ? null
        : new Refusal.TooManyCalls("lock_waits", limits.lockWaits(), RETRY_AFTER);
  }

  private static Connection connection(ServerCall<?, ?> call) {
    return Objects.requireNonNull(
        call.getAttributes().get(CONNECTION), "a connection that did not pass the filter");
  }

  /** Whether a request may wait for a lock. */
  private static boolean waits(Message request) {
    FieldDescriptor field = request.getDescriptorForType().findFieldByName("wait_seconds");
    return field != null && (int) request.getField(field) > 0;
  }

  /** Where one call is counted; gRPC tells of its end once. */
  private static final class Counted {

    private final List<Part> parts = new ArrayList<>();

    private record Part(AtomicLong counter, long amount) {}

    /** Answers false, and does not count, when there would be more than may be. */
    boolean add(AtomicLong counter, long amount, long limit) {
      if (counter.addAndGet(amount) > limit && amount > 0) {
        counter.addAndGet(-amount);
        return false;
      }
      takeOver(counter, amount);
      return true;
    }

    /** What is counted already. */
    void takeOver(AtomicLong counter, long amount) {
      parts.add(new Part(counter, amount));
    }

    void end() {
      parts.forEach(part -> part.counter().addAndGet(-part.amount()));
      parts.clear();
    }
  }
}
