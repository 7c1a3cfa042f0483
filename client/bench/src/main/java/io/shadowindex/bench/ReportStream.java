package io.shadowindex.bench;

import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.StreamProgressRequest;
import io.shadowindex.v1.StreamProgressResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;

/** One stream of reports, as fast as the transport takes them. */
final class ReportStream {

  private final ManagedChannel channel;
  private final ReportProgressRequest.Builder report;

  ReportStream(ManagedChannel channel, ReportProgressRequest.Builder report) {
    this.channel = channel;
    this.report = report;
  }

  /** Sends so many reports and answers how many the server has counted when it ends the stream. */
  long send(long firstRecord, int reports) throws Exception {
    var ended = new CompletableFuture<Long>();
    var ready = new Semaphore(0);
    var started = new CompletableFuture<ClientCallStreamObserver<StreamProgressRequest>>();
    var _ =
        ShadowIndexServiceGrpc.newStub(channel)
            .streamProgress(
                new ClientResponseObserver<StreamProgressRequest, StreamProgressResponse>() {
                  private long counted;

                  @Override
                  public void beforeStart(ClientCallStreamObserver<StreamProgressRequest> call) {
                    call.setOnReadyHandler(ready::release);
                    started.complete(call);
                  }

                  @Override
                  public void onNext(StreamProgressResponse answer) {
                    counted = answer.getCountedReports();
                  }

                  @Override
                  public void onError(Throwable cause) {
                    ended.completeExceptionally(cause);
                    ready.release();
                  }

                  @Override
                  public void onCompleted() {
                    ended.complete(counted);
                  }
                });
    var call = started.get();
    for (int i = 0; i < reports && !ended.isDone(); i++) {
      while (!call.isReady() && !ended.isDone()) {
        ready.acquire();
      }
      call.onNext(
          StreamProgressRequest.newBuilder()
              .setReport(report.setRecordCount(firstRecord + i))
              .build());
    }
    if (!ended.isDone()) {
      call.onCompleted();
    }
    return ended.get();
  }
}
