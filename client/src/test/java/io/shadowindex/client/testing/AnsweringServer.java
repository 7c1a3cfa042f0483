package io.shadowindex.client.testing;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.shadowindex.v1.ListIndexesRequest;
import io.shadowindex.v1.ListIndexesResponse;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A gRPC server that answers ListIndexes with nothing, and remembers what calls came with. */
public final class AnsweringServer implements AutoCloseable {
  private final List<Metadata> headers = new CopyOnWriteArrayList<>();
  private final Server server;

  /** Listens on a free loopback port. */
  public AnsweringServer(ServerCredentials credentials) throws IOException {
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), credentials)
            .addService(new Answering())
            .intercept(new Remembering())
            .build()
            .start();
  }

  public int port() {
    return server.getPort();
  }

  /** What the calls so far had under a name, in their order. */
  public List<String> received(String header) {
    Metadata.Key<String> key = Metadata.Key.of(header, Metadata.ASCII_STRING_MARSHALLER);
    return headers.stream().map(call -> String.valueOf(call.get(key))).toList();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private static final class Answering extends ShadowIndexServiceGrpc.ShadowIndexServiceImplBase {
    @Override
    public void listIndexes(
        ListIndexesRequest request, StreamObserver<ListIndexesResponse> answer) {
      answer.onNext(ListIndexesResponse.getDefaultInstance());
      answer.onCompleted();
    }
  }

  private final class Remembering implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata sent, ServerCallHandler<Q, R> next) {
      headers.add(sent);
      return next.startCall(call, sent);
    }
  }
}
