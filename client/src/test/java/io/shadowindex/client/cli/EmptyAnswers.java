package io.shadowindex.client.cli;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.shadowindex.v1.ErrorReason;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Answers every call of both services with the emptiest answer there is, so that what a command
 * line calls can be seen without what it would do.
 */
final class EmptyAnswers implements AutoCloseable {
  private static final com.google.rpc.Status UNKNOWN_TOKEN =
      com.google.rpc.Status.newBuilder()
          .setCode(Status.Code.UNAUTHENTICATED.value())
          .setMessage("The token is not known")
          .addDetails(
              Any.pack(
                  ErrorInfo.newBuilder()
                      .setDomain("shadowindex.io")
                      .setReason(ErrorReason.Enum.CREDENTIAL_UNKNOWN.name())
                      .build()))
          .build();

  private final Set<String> called = ConcurrentHashMap.newKeySet();
  private final Map<String, Message> answers;
  private final Server server;

  /**
   * Starts it on a free port of the loopback interface.
   *
   * @param answers better answers, by the name of the call
   * @param token the only token to accept; empty to ask for none
   */
  EmptyAnswers(ServerCredentials credentials, Map<String, Message> answers, String token)
      throws IOException {
    this.answers = answers;
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), credentials)
            .addService(all(ShadowIndexServiceGrpc.getServiceDescriptor()))
            .addService(all(LockServiceGrpc.getServiceDescriptor()))
            .intercept(asking(token))
            .build()
            .start();
  }

  String address() {
    return "localhost:" + server.getPort();
  }

  /** The names of the calls that came. */
  Set<String> called() {
    return called;
  }

  private ServerServiceDefinition all(ServiceDescriptor service) {
    ServerServiceDefinition.Builder all = ServerServiceDefinition.builder(service);
    service.getMethods().forEach(method -> all.addMethod(answered(method)));
    return all.build();
  }

  private <Q, A> ServerMethodDefinition<Q, A> answered(MethodDescriptor<Q, A> method) {
    var marshaller = (MethodDescriptor.PrototypeMarshaller<A>) method.getResponseMarshaller();
    String name = String.valueOf(method.getBareMethodName());
    return ServerMethodDefinition.create(
        method,
        (call, headers) -> {
          called.add(name);
          Message answer = answers.getOrDefault(name, (Message) marshaller.getMessagePrototype());
          call.sendHeaders(new Metadata());
          call.request(1);
          return new ServerCall.Listener<>() {
            @Override
            public void onMessage(Q request) {
              call.sendMessage(marshaller.getMessageClass().cast(answer));
              call.close(Status.OK, new Metadata());
            }
          };
        });
  }

  private static ServerInterceptor asking(String token) {
    Metadata.Key<String> key = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        if (token.isEmpty() || ("Bearer " + token).equals(headers.get(key))) {
          return next.startCall(call, headers);
        }
        StatusException refused = StatusProto.toStatusException(UNKNOWN_TOKEN);
        call.close(refused.getStatus(), Objects.requireNonNull(refused.getTrailers()));
        return new ServerCall.Listener<>() {};
      }
    };
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
