package io.shadowindex.server.grpc;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.shadowindex.server.audit.AuditEntry;
import io.shadowindex.server.audit.AuditEntry.Outcome;
import io.shadowindex.server.audit.AuditLog;
import io.shadowindex.server.request.Call;
import io.shadowindex.server.request.Mutation;
import io.shadowindex.v1.BackUpStateRequest;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls that change something, which are those that take a request_id, known to the store and
 * to the audit log, and backups, which take everything out; lets all others pass. Stands outside of
 * whatever may refuse a call, and so sees requests that break their field rules.
 */
final class AuditedCalls implements ServerInterceptor {

  /** The fields with which a caller insists. */
  private static final List<String> FORCE_FIELDS =
      List.of("force_switch", "force_release", "force");

  private static final int LONGEST_MESSAGE = 1024;
  private static final int LONGEST_NAME = 255;
  private static final int LONGEST_TYPE = 32;

  private final AuditLog log;
  private final InstantSource clock;
  private final Supplier<UUID> newId;

  AuditedCalls(AuditLog log, InstantSource clock, Supplier<UUID> newId) {
    this.log = log;
    this.clock = clock;
    this.newId = newId;
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    var audited = new Audited<>(call);
    return new SimpleForwardingServerCallListener<>(next.startCall(audited, headers)) {

      @Override
      public void onMessage(ReqT message) {
        if (message instanceof Message request && isAudited(request)) {
          audited.mutation.set(new Mutation(describe(call, request)));
        }
        super.onMessage(message);
      }

      @Override
      public void onHalfClose() {
        Mutation.during(
            audited.mutation.get(),
            () -> {
              super.onHalfClose();
              return true;
            });
      }

      @Override
      public void onCancel() {
        audited.ended(Status.CANCELLED.withDescription("the client broke it off"), new Metadata());
        super.onCancel();
      }
    };
  }

  /** A call of which an entry is written when it ends. */
  private final class Audited<ReqT, RespT> extends SimpleForwardingServerCall<ReqT, RespT> {

    /** Until the call has ended, which its client and the server may do at the same moment. */
    private final AtomicReference<@Nullable Mutation> mutation = new AtomicReference<>();

    private volatile @Nullable Message answer;

    Audited(ServerCall<ReqT, RespT> call) {
      super(call);
    }

    @Override
    public void sendMessage(RespT message) {
      answer = message instanceof Message made ? made : null;
      super.sendMessage(message);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      ended(status, trailers);
      super.close(status, trailers);
    }

    void ended(Status status, Metadata trailers) {
      Mutation ended = mutation.getAndSet(null);
      if (ended != null && ended.isAudited()) {
        log.ended(entry(ended, outcome(status, trailers, answer), answer));
      }
    }
  }

  private static boolean isAudited(Message request) {
    return request instanceof BackUpStateRequest
        || (field(request, RepeatableCalls.REQUEST_ID) != null && !flag(request, "validate_only"));
  }

  private Call describe(ServerCall<?, ?> call, Message request) {
    return new Call(
        newId.get(),
        clock.instant().truncatedTo(ChronoUnit.MICROS),
        Authentication.principal().name(),
        peer(call),
        String.valueOf(call.getMethodDescriptor().getBareMethodName()),
        uuid(text(request, RepeatableCalls.REQUEST_ID)),
        target(request),
        uuid(text(request, "shadow_index_id")),
        uuid(text(request, "lock_id")),
        number(request, "fencing_token"),
        FORCE_FIELDS.stream().anyMatch(field -> flag(request, field)));
  }

  private static AuditEntry entry(Mutation ended, Outcome outcome, @Nullable Message answer) {
    Call call = ended.call();
    Message subject = answer == null ? null : subject(answer);
    if (subject == null) {
      return new AuditEntry(
          ended.entry(), call, call.buildId(), call.lockId(), outcome, null, call.fencingToken());
    }
    var named =
        new Call(
            call.id(),
            call.at(),
            call.principal(),
            call.peer(),
            call.method(),
            call.requestId(),
            target(subject),
            call.buildId(),
            call.lockId(),
            call.fencingToken(),
            call.forced());
    return new AuditEntry(
        ended.entry(),
        named,
        uuid(text(subject, "shadow_index_id")),
        uuid(text(subject, "lock_id")),
        outcome,
        number(subject, "revision"),
        number(subject, "fencing_token"));
  }

  /** How a call ended; {@code answer} is the last message that it sent. */
  static Outcome outcome(Status status, Metadata trailers, @Nullable Message answer) {
    if (!status.isOk()) {
      return new Outcome(
          status.getCode().name(),
          GrpcErrors.reason(status, trailers),
          cut(String.valueOf(status.getDescription()), LONGEST_MESSAGE));
    }
    boolean unsuccessful =
        answer != null && field(answer, "success") != null && !flag(answer, "success");
    return new Outcome(
        unsuccessful ? "UNSUCCESSFUL" : "OK",
        "",
        answer == null ? "" : cut(text(answer, "message"), LONGEST_MESSAGE));
  }

  /** The build, the generation or the lock that an answer is about. */
  private static @Nullable Message subject(Message answer) {
    for (String name :
        new String[] {"shadow_index", "removed_generation", "released_lock", "lock"}) {
      FieldDescriptor field = field(answer, name);
      if (field != null && answer.hasField(field)) {
        return (Message) answer.getField(field);
      }
    }
    return null;
  }

  private static Call.Target target(Message message) {
    FieldDescriptor type = field(message, "index_type");
    return new Call.Target(
        cut(text(message, "branch_name"), LONGEST_NAME),
        type == null || !message.hasField(type)
            ? ""
            : cut(((EnumValueDescriptor) message.getField(type)).getName(), LONGEST_TYPE),
        cut(text(message, "index_name"), LONGEST_NAME));
  }

  private static String peer(ServerCall<?, ?> call) {
    return call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)
            instanceof InetSocketAddress address
        ? address.getHostString() + ":" + address.getPort()
        : "";
  }

  private static @Nullable FieldDescriptor field(Message message, String name) {
    return message.getDescriptorForType().findFieldByName(name);
  }

  private static String text(Message message, String name) {
    FieldDescriptor field = field(message, name);
    return field == null ? "" : (String) message.getField(field);
  }

  private static boolean flag(Message message, String name) {
    FieldDescriptor field = field(message, name);
    return field != null && (boolean) message.getField(field);
  }

  private static @Nullable Long number(Message message, String name) {
    FieldDescriptor field = field(message, name);
    long number = field == null ? 0 : (long) message.getField(field);
    return number == 0 ? null : number;
  }

  /** Null for what is no UUID, which the field rules refuse. */
  private static @Nullable UUID uuid(String text) {
    try {
      return text.length() == 36 ? UUID.fromString(text) : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static String cut(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest);
  }
}
