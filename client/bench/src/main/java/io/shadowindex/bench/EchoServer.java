package io.shadowindex.bench;

import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.CheckWritePermissionResponse;
import io.shadowindex.v1.Directive;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ReportProgressResponse;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.StreamProgressRequest;
import io.shadowindex.v1.StreamProgressResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The limit of any gRPC server in Java: answers at once, with messages like ShadowIndex's, and does
 * nothing else. Its settings are gRPC's defaults.
 */
final class EchoServer {

  private EchoServer() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    var server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new Progress())
            .addService(new Permission())
            .build()
            .start();
    System.out.println("listening on 127.0.0.1:" + server.getPort());
    server.awaitTermination();
  }

  private static BuildProgress progress(ReportProgressRequest report) {
    return BuildProgress.newBuilder()
        .setBuildProgressPercent(report.getProgressPercent())
        .setRecordCount(report.getRecordCount())
        .build();
  }

  private static final class Progress extends ShadowIndexServiceGrpc.ShadowIndexServiceImplBase {
    @Override
    public void reportProgress(
        ReportProgressRequest request, StreamObserver<ReportProgressResponse> answer) {
      answer.onNext(
          ReportProgressResponse.newBuilder()
              .setShadowIndexId(request.getShadowIndexId())
              .setProgress(progress(request))
              .setDirective(Directive.Enum.CONTINUE)
              .build());
      answer.onCompleted();
    }

    @Override
    public StreamObserver<StreamProgressRequest> streamProgress(
        StreamObserver<StreamProgressResponse> answer) {
      return new StreamObserver<>() {
        private long counted;

        @Override
        public void onNext(StreamProgressRequest request) {
          answer.onNext(
              StreamProgressResponse.newBuilder()
                  .setCountedReports(++counted)
                  .setDirective(Directive.Enum.CONTINUE)
                  .setProgress(progress(request.getReport()))
                  .build());
        }

        @Override
        public void onError(Throwable ended) {}

        @Override
        public void onCompleted() {
          answer.onCompleted();
        }
      };
    }
  }

  private static final class Permission extends LockServiceGrpc.LockServiceImplBase {
    @Override
    public void checkWritePermission(
        CheckWritePermissionRequest request, StreamObserver<CheckWritePermissionResponse> answer) {
      answer.onNext(
          CheckWritePermissionResponse.newBuilder()
              .setAllowed(true)
              .setReason("nothing is locked")
              .build());
      answer.onCompleted();
    }
  }
}
