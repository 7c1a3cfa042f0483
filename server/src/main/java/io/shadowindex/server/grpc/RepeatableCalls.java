package io.shadowindex.server.grpc;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.shadowindex.server.request.Mutation;
import io.shadowindex.server.request.RecordedRequest;
import io.shadowindex.server.request.RequestKey;
import io.shadowindex.server.request.Requests;
import io.shadowindex.server.request.Requests.Turn;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Gives calls that carry a request_id the answer of the first call with it; lets all others pass.
 * Sees requests that have passed their field rules.
 */
final class RepeatableCalls implements ServerInterceptor {

  static final String REQUEST_ID = "request_id";

  /**
   * Answers that are kept before they are sent: one that says no is not made again from its effect.
   */
  private static final Set<String> TELLING_MORE =
      Set.of(
          ShadowIndexServiceGrpc.getSwitchIndexMethod().getFullMethodName(),
          ShadowIndexServiceGrpc.getRollbackIndexMethod().getFullMethodName());

  /** Without a deadline a call waits for the first one as long as any call may take. */
  private static final Duration WITHOUT_DEADLINE = Duration.ofDays(1);

  private final Requests requests;
  private final UnansweredRequests unanswered;

  RepeatableCalls(Requests requests, UnansweredRequests unanswered) {
    this.requests = requests;
    this.unanswered = unanswered;
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    var answering = new Answering<>(call);
    return new SimpleForwardingServerCallListener<>(next.startCall(answering, headers)) {

      private @Nullable Message request;

      @Override
      public void onMessage(ReqT message) {
        if (message instanceof Message candidate && !requestId(candidate).isEmpty()) {
          request = candidate;
        }
        super.onMessage(message);
      }

      @Override
      public void onHalfClose() {
        Message repeatable = request;
        Mutation mutation = Mutation.current();
        if (repeatable == null || mutation == null) { // without an id, or a dry run
          super.onHalfClose();
          return;
        }
        try (Turn turn =
            requests.take(
                key(call.getMethodDescriptor(), repeatable), mutation, patienceOfTheCaller())) {
          RecordedRequest recorded = turn.recorded().orElse(null);
          if (recorded != null && recorded.answer() != null) {
            answering.endAgain(recorded.answer());
            return;
          }
          answering.turn = turn;
          if (recorded == null) {
            super.onHalfClose();
          } else {
            answering.end(unanswered.answer(recorded, repeatable));
          }
        }
      }
    };
  }

  /** A call whose answer is kept. */
  private static final class Answering<ReqT, RespT>
      extends SimpleForwardingServerCall<ReqT, RespT> {

    private @Nullable Turn turn;

    Answering(ServerCall<ReqT, RespT> call) {
      super(call);
    }

    @Override
    public void sendMessage(RespT answer) {
      if (turn != null) {
        turn.answered(bytes(getMethodDescriptor().streamResponse(answer)));
        if (TELLING_MORE.contains(getMethodDescriptor().getFullMethodName())) {
          turn.awaitKept();
        }
      }
      super.sendMessage(answer);
    }

    /** Answers with a message of the type that the method answers. */
    @SuppressWarnings("unchecked") // the message was made for this method
    void end(Message answer) {
      sendHeaders(new Metadata());
      sendMessage((RespT) answer);
      close(Status.OK, new Metadata());
    }

    /** Answers with what was answered before. */
    void endAgain(ByteBuffer answer) {
      byte[] bytes = new byte[answer.remaining()];
      answer.duplicate().get(bytes);
      end((Message) getMethodDescriptor().parseResponse(new ByteArrayInputStream(bytes)));
    }
  }

  private static String requestId(Message request) {
    FieldDescriptor field = request.getDescriptorForType().findFieldByName(REQUEST_ID);
    return field == null ? "" : (String) request.getField(field);
  }

  private static RequestKey key(MethodDescriptor<?, ?> method, Message request) {
    return new RequestKey(
        UUID.fromString(requestId(request)),
        Authentication.principal().name(),
        String.valueOf(method.getBareMethodName()),
        digest(request));
  }

  private static Duration patienceOfTheCaller() {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null
        ? WITHOUT_DEADLINE
        : Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS));
  }

  /** The same for messages that are equal, however their maps are ordered. */
  private static String digest(Message request) {
    byte[] bytes = new byte[request.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization();
    try {
      request.writeTo(out);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256, and the array is large enough", e);
    }
  }

  private static byte[] bytes(InputStream message) {
    try (message) {
      return message.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
