package io.shadowindex.testing;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientStreamTracer;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.InternalConfigurator;
import io.grpc.InternalConfiguratorRegistry;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.protobuf.StatusProto;
import io.shadowindex.v1.ErrorReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What every test holds the server to: a status that it sends carries an ErrorInfo with a
 * documented reason, says when to come back where something is exhausted, and tells nothing of its
 * inside.
 *
 * <p>A status is one that the server sent if its trailers are those that came over the wire; all
 * others are made by gRPC on this side, such as deadlines and lost connections.
 */
public final class ErrorConformance implements ClientInterceptor {

  private static final String DOMAIN = "shadowindex.io";
  private static final String PACKAGE = "shadowindex.";

  /** Absolute paths, SQL, and the names of classes. */
  private static final List<Pattern> INTERNALS =
      List.of(
          Pattern.compile("(?<![\\w/.-])/(?!/)[\\w.-]+/[\\w./-]+"),
          Pattern.compile("(?i)\\b(select .+ from|insert into|update .+ set|delete from)\\b"),
          Pattern.compile("\\b(io|java|javax|org|com|jdk)\\.[a-z]+\\.[\\w.$]+"),
          Pattern.compile("\\w+(Exception|Error)\\b"));

  /** What gRPC on the server's side says of a request before any code of ours sees it. */
  private static final Pattern TOO_LARGE =
      Pattern.compile("gRPC message exceeds maximum size \\d+: \\d+");

  private static final ErrorConformance EVERYWHERE = new ErrorConformance();

  static {
    InternalConfiguratorRegistry.setConfigurators(
        List.of(
            new InternalConfigurator() {
              @Override
              public void configureChannelBuilder(ManagedChannelBuilder<?> channel) {
                channel.intercept(EVERYWHERE);
              }
            }));
  }

  private final Queue<String> violations = new ConcurrentLinkedQueue<>();

  /** The one that sees the calls of every channel that this JVM makes from now on. */
  public static ErrorConformance everywhere() {
    return EVERYWHERE;
  }

  @Override
  public <ReqT, RespT> ClientCall<ReqT, RespT> interceptCall(
      MethodDescriptor<ReqT, RespT> method, CallOptions options, Channel next) {
    if (!method.getFullMethodName().startsWith(PACKAGE)) {
      return next.newCall(method, options);
    }
    var wire = new Wire();
    return new SimpleForwardingClientCall<>(
        next.newCall(method, options.withStreamTracerFactory(wire))) {
      private volatile @Nullable ReqT sent;

      @Override
      public void sendMessage(ReqT message) {
        sent = message;
        super.sendMessage(message);
      }

      @Override
      public void start(Listener<RespT> listener, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<>(listener) {
              @Override
              public void onClose(Status status, Metadata trailers) {
                if (!status.isOk() && wire.trailers == trailers) {
                  check(method.getFullMethodName(), String.valueOf(sent), status, trailers);
                }
                super.onClose(status, trailers);
              }
            },
            headers);
      }
    };
  }

  /** Keeps the very trailers that the server sent. */
  private static final class Wire extends ClientStreamTracer.Factory {
    private volatile @Nullable Metadata trailers;

    @Override
    public ClientStreamTracer newClientStreamTracer(
        ClientStreamTracer.StreamInfo stream, Metadata headers) {
      return new ClientStreamTracer() {
        @Override
        public void inboundTrailers(Metadata received) {
          trailers = received;
        }
      };
    }
  }

  /** Fails, once, for the statuses so far that were not as they have to be. */
  public void assertConformed() {
    var found = new ArrayList<String>();
    for (String each = violations.poll(); each != null; each = violations.poll()) {
      found.add(each);
    }
    if (!found.isEmpty()) {
      throw new AssertionError("statuses that are not as they have to be: " + found);
    }
  }

  /**
   * Looks at a status that the server sent.
   *
   * @param sent what the client sent last, which may be told back to it
   */
  void check(String method, String sent, Status status, Metadata trailers) {
    String problem = problem(method, sent, status, trailers);
    if (problem != null) {
      violations.add("%s: %s: %s".formatted(method, status, problem));
    }
  }

  private static @Nullable String problem(
      String method, String sent, Status status, Metadata trailers) {
    String message = String.valueOf(status.getDescription());
    ErrorInfo info = detail(status, trailers, ErrorInfo.class);
    if (info == null) {
      return isOfGrpc(method, status, message) ? null : "has no ErrorInfo";
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

  private static boolean isOfGrpc(String method, Status status, String message) {
    return switch (status.getCode()) {
      case UNIMPLEMENTED -> message.equals("Method not found: " + method);
      case RESOURCE_EXHAUSTED -> TOO_LARGE.matcher(message).matches();
      default -> false;
    };
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
