package io.shadowindex.server.testing;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.protobuf.StatusProto;
import io.shadowindex.v1.ErrorReason;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What every test holds the server to: a status of its own carries an ErrorInfo with a documented
 * reason, says when to come back where something is exhausted, and tells nothing of its inside.
 * Statuses that the transport makes are told apart by their words, and left alone.
 */
public final class ErrorConformance implements ClientInterceptor {

  private static final String DOMAIN = "shadowindex.io";

  /** Absolute paths, SQL, and the names of classes. */
  private static final List<Pattern> INTERNALS =
      List.of(
          Pattern.compile("(?<![\\w/.-])/(?!/)[\\w.-]+/[\\w./-]+"),
          Pattern.compile("(?i)\\b(select .+ from|insert into|update .+ set|delete from)\\b"),
          Pattern.compile("\\b(io|java|javax|org|com|jdk)\\.[a-z]+\\.[\\w.$]+"),
          Pattern.compile("\\w+(Exception|Error)\\b"));

  private static final Set<String> SERVICES =
      Set.of(ShadowIndexServiceGrpc.SERVICE_NAME, LockServiceGrpc.SERVICE_NAME);

  /** What gRPC itself says, on this side or the other, of calls that never reach the service. */
  private static final Pattern OF_TRANSPORT =
      Pattern.compile(
          "(?s)Method not found: .*"
              + "|gRPC message exceeds maximum size .*"
              + "|Invalid protobuf byte sequence.*"
              + "|Failed to read message.*"
              + "|.*(io exception|channel closed|Channel shutdown|Network closed|Connection (reset|closed)"
              + "|RST_STREAM|end of stream|Keepalive failed|GOAWAY).*");

  private final Queue<String> violations = new ConcurrentLinkedQueue<>();

  @Override
  public <ReqT, RespT> ClientCall<ReqT, RespT> interceptCall(
      MethodDescriptor<ReqT, RespT> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      private final StringBuilder sent = new StringBuilder();

      @Override
      public void sendMessage(ReqT message) {
        sent.append(message);
        super.sendMessage(message);
      }

      @Override
      public void start(Listener<RespT> listener, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<>(listener) {
              @Override
              public void onClose(Status status, Metadata trailers) {
                if (SERVICES.contains(method.getServiceName())) {
                  check(method.getFullMethodName(), sent.toString(), status, trailers);
                }
                super.onClose(status, trailers);
              }
            },
            headers);
      }
    };
  }

  /** Fails when a status was not as it has to be. */
  public void assertConformed() {
    if (!violations.isEmpty()) {
      throw new AssertionError("statuses that are not as they have to be: " + violations);
    }
  }

  /**
   * Looks at how a call ended.
   *
   * @param sent what the client sent, which may be told back to it
   */
  void check(String method, String sent, Status status, Metadata trailers) {
    String problem = problem(sent, status, trailers);
    if (problem != null) {
      violations.add("%s: %s: %s".formatted(method, status, problem));
    }
  }

  private static @Nullable String problem(String sent, Status status, Metadata trailers) {
    String message = String.valueOf(status.getDescription());
    if (status.isOk() || isOfTransport(status, message)) {
      return null;
    }
    ErrorInfo info = detail(status, trailers, ErrorInfo.class);
    if (info == null) {
      return "has no ErrorInfo";
    }
    if (!info.getDomain().equals(DOMAIN)) {
      return "has another domain: " + info.getDomain();
    }
    var reason = ErrorReason.Enum.getDescriptor().findValueByName(info.getReason());
    if (reason == null || reason.getNumber() == 0) {
      return "has a reason that is not documented: " + info.getReason();
    }
    if (status.getCode() == Code.RESOURCE_EXHAUSTED
        && detail(status, trailers, RetryInfo.class) == null) {
      return "does not say when to come back";
    }
    return INTERNALS.stream()
        .flatMap(internal -> internal.matcher(message).results())
        .map(MatchResult::group)
        .filter(told -> !sent.contains(told))
        .findFirst()
        .map(told -> "tells something internal: " + told)
        .orElse(null);
  }

  /** Deadlines and cancellations end a call on the client's side, whatever the server says. */
  private static boolean isOfTransport(Status status, String message) {
    return status.getCode() == Code.CANCELLED
        || status.getCode() == Code.DEADLINE_EXCEEDED
        || OF_TRANSPORT.matcher(message).matches();
  }

  private static <T extends Message> @Nullable T detail(
      Status status, Metadata trailers, Class<T> type) {
    com.google.rpc.Status details = StatusProto.fromStatusAndTrailers(status, trailers);
    for (Any detail : details.getDetailsList()) {
      if (detail.is(type)) {
        try {
          return detail.unpack(type);
        } catch (InvalidProtocolBufferException e) {
          return null;
        }
      }
    }
    return null;
  }
}
