package io.shadowindex.server.testing;

import static org.awaitility.Awaitility.await;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.StreamProgressRequest;
import io.shadowindex.v1.StreamProgressResponse;
import java.time.Duration;
import java.util.List;

/** A worker of a test that reports over a stream. */
public final class WorkerStream {

  private final ShadowIndex build;
  private final String workerId;
  private final RecordedStream<StreamProgressResponse> answers = new RecordedStream<>();
  private final StreamObserver<StreamProgressRequest> requests;

  public WorkerStream(TestServer server, ShadowIndex build, String workerId) {
    this(server.channel(), build, workerId);
  }

  public WorkerStream(Channel channel, ShadowIndex build, String workerId) {
    this.build = build;
    this.workerId = workerId;
    this.requests = ShadowIndexServiceGrpc.newStub(channel).streamProgress(answers);
  }

  /** The report of that worker, to be added to. */
  public ReportProgressRequest.Builder reportOf(int percent, long records) {
    return ReportProgressRequest.newBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setFencingToken(build.getFencingToken())
        .setWorkerId(workerId)
        .setProgressPercent(percent)
        .setRecordCount(records);
  }

  public void report(int percent, long records) {
    send(reportOf(percent, records));
  }

  public void send(ReportProgressRequest.Builder report) {
    requests.onNext(StreamProgressRequest.newBuilder().setReport(report).build());
  }

  public void end() {
    requests.onCompleted();
  }

  public List<StreamProgressResponse> answers() {
    return answers.values();
  }

  /** The newest answer, once that many reports have been counted. */
  public StreamProgressResponse counted(long reports) {
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> !answers().isEmpty() && last().getCountedReports() >= reports);
    return last();
  }

  public StreamProgressResponse last() {
    return answers().getLast();
  }

  /** What the stream ended with. */
  public StatusRuntimeException refusal() throws InterruptedException {
    Throwable error = answers.ends() ? answers.error() : null;
    if (error == null) {
      throw new AssertionError("the stream was not refused");
    }
    return Status.fromThrowable(error).asRuntimeException(Status.trailersFromThrowable(error));
  }

  /** Whether the stream ends well. */
  public boolean endsWell() throws InterruptedException {
    return answers.ends() && answers.error() == null;
  }
}
