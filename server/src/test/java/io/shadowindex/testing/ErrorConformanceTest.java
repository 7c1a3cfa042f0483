package io.shadowindex.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import com.google.rpc.ErrorInfo;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.HandlerRegistry;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tests' own watchdog barks. */
final class ErrorConformanceTest {

  private final ErrorConformance conformance = new ErrorConformance();

  @Test
  void aDocumentedReasonPasses() {
    see(
        "there is no build 4711; look at refs/heads/main or 127.0.0.1:50051",
        "shadowindex.io",
        "SHADOW_INDEX_NOT_FOUND");

    assertThatCode(conformance::assertConformed).doesNotThrowAnyException();
  }

  @Test
  void aStatusWithoutErrorInfoFails() {
    see(Status.INTERNAL.withDescription("oops"));

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("has no ErrorInfo");
  }

  @Test
  void theReasonOfAnotherDomainFails() {
    see("no", "example.com", "DISK_FULL");

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("another domain");
  }

  @ParameterizedTest
  @ValueSource(strings = {"NEVER_HEARD_OF", "ERROR_REASON_UNSPECIFIED", ""})
  void aReasonThatIsNotDocumentedFails(String reason) {
    see("no", "shadowindex.io", reason);

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("not documented");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cannot open /var/lib/shadowindex/builds",
        "Syntax error in select x from shadow_index",
        "at io.shadowindex.server.build.BuildLifecycle",
        "NullPointerException"
      })
  void whatTellsOfTheInsideFails(String message) {
    see(message, "shadowindex.io", "INTERNAL");

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("internal");
  }

  @Test
  void whatTheClientItselfSentMayBeTold() {
    see("/etc/passwd: is not a path within", "shadowindex.io", "UNSAFE_FILE");

    assertThatCode(conformance::assertConformed).doesNotThrowAnyException();
  }

  @Test
  void whatIsExhaustedWithoutATimeToComeBackFails() {
    see(Code.RESOURCE_EXHAUSTED, "the disk is full", "shadowindex.io", "DISK_FULL");

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("when to come back");
  }

  @Test
  void whatGrpcSaysOnTheServersSidePasses() {
    see(Status.UNIMPLEMENTED.withDescription("Method not found: method"));
    see(Status.RESOURCE_EXHAUSTED.withDescription("gRPC message exceeds maximum size 4: 5"));

    assertThatCode(conformance::assertConformed).doesNotThrowAnyException();
  }

  @Test
  void itsWordsInOurMouthFail() {
    see(Status.UNIMPLEMENTED.withDescription("Method not found: another"));
    see(Status.INTERNAL.withDescription("gRPC message exceeds maximum size 4: 5"));
    see(Status.UNAVAILABLE.withDescription("io exception"));
    see(Status.DEADLINE_EXCEEDED);
    see(Status.CANCELLED);

    assertThatThrownBy(conformance::assertConformed)
        .hasMessageContainingAll(
            "another", "INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED");
  }

  @ParameterizedTest
  @ValueSource(strings = {"shadowindex.v1.AdminService/Get", "shadowindex.v9.Unheard/Of"})
  void aCallOfAnyServiceOnAnyChannelIsSeen(String method) throws Exception {
    try (var server = new BareServer(Status.UNAVAILABLE.withDescription("io exception"))) {
      assertThat(server.call(method)).isEqualTo(Code.UNAVAILABLE);
    }
    assertThatThrownBy(ErrorConformance.everywhere()::assertConformed)
        .hasMessageContaining(method + ": ");
  }

  @Test
  void whatThisSidesGrpcSaysIsNotTheServers() throws Exception {
    try (var silent = new BareServer(null);
        var gone = new BareServer(null)) {
      gone.stop();
      assertThat(silent.call("shadowindex.v1.AdminService/Get")).isEqualTo(Code.DEADLINE_EXCEEDED);
      assertThat(gone.call("shadowindex.v1.AdminService/Get")).isEqualTo(Code.UNAVAILABLE);
    }
    assertThatCode(ErrorConformance.everywhere()::assertConformed).doesNotThrowAnyException();
  }

  /** Ends each call with one status; never, without one. */
  private static final class BareServer implements AutoCloseable {
    private final Server server;
    private final ManagedChannel channel;

    BareServer(@Nullable Status status) throws IOException {
      server =
          NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .fallbackHandlerRegistry(ending(status))
              .build()
              .start();
      channel =
          Grpc.newChannelBuilderForAddress(
                  "localhost", server.getPort(), InsecureChannelCredentials.create())
              .build();
    }

    private static HandlerRegistry ending(@Nullable Status status) {
      return new HandlerRegistry() {
        @Override
        public ServerMethodDefinition<?, ?> lookupMethod(String name, @Nullable String authority) {
          return ServerMethodDefinition.create(
              method(name),
              (call, headers) -> {
                if (status != null) {
                  call.close(status, new Metadata());
                }
                return new ServerCall.Listener<>() {};
              });
        }
      };
    }

    private static MethodDescriptor<Empty, Empty> method(String name) {
      return MethodDescriptor.<Empty, Empty>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName(name)
          .setRequestMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
          .setResponseMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
          .build();
    }

    Code call(String name) {
      var options = CallOptions.DEFAULT.withDeadlineAfter(1, TimeUnit.SECONDS);
      try {
        var _ =
            ClientCalls.blockingUnaryCall(
                channel, method(name), options, Empty.getDefaultInstance());
        return Code.OK;
      } catch (StatusRuntimeException e) {
        return e.getStatus().getCode();
      }
    }

    void stop() throws InterruptedException {
      server.shutdownNow().awaitTermination();
    }

    @Override
    public void close() {
      channel.shutdownNow();
      server.shutdownNow();
    }
  }

  private void see(Status status) {
    conformance.check("method", "", status, new Metadata());
  }

  private void see(String message, String domain, String reason) {
    see(Code.FAILED_PRECONDITION, message, domain, reason);
  }

  private void see(Code code, String message, String domain, String reason) {
    StatusRuntimeException refused =
        StatusProto.toStatusRuntimeException(
            com.google.rpc.Status.newBuilder()
                .setCode(code.value())
                .setMessage(message)
                .addDetails(
                    Any.pack(ErrorInfo.newBuilder().setDomain(domain).setReason(reason).build()))
                .build());
    Metadata trailers = refused.getTrailers();
    conformance.check(
        "method",
        "branch_name: \"a/b\" path: \"/etc/passwd\"",
        refused.getStatus(),
        trailers == null ? new Metadata() : trailers);
  }
}
