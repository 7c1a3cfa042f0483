package io.shadowindex.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.shadowindex.v1.Directive;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceStub;
import io.shadowindex.v1.StreamProgressRequest;
import io.shadowindex.v1.StreamProgressResponse;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** One StreamProgress call, for any number of threads. */
final class ProgressStream implements AutoCloseable {
  private final ReentrantLock monitor = new ReentrantLock();
  private final Condition answered = monitor.newCondition();
  private final Answers answers = new Answers();
  private StreamProgressResponse newest = StreamProgressResponse.getDefaultInstance();
  private @Nullable StatusRuntimeException ended;
  private @Nullable ClientCallStreamObserver<StreamProgressRequest> call;
  private long sent;

  ProgressStream(ShadowIndexServiceStub stub) {
    var _ = stub.streamProgress(answers);
  }

  /**
   * Sends a report and waits until the server has counted it.
   *
   * @throws StatusRuntimeException when the stream has ended, or nothing is answered in time
   */
  StreamProgressResponse report(ReportProgressRequest report, Duration limit) {
    monitor.lock();
    try {
      failIfEnded();
      if (call == null) {
        throw new IllegalStateException("the call begins before the constructor returns");
      }
      call.onNext(StreamProgressRequest.newBuilder().setReport(report).build());
      awaitCounted(++sent, limit);
      return newest;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Status.CANCELLED.withDescription("interrupted").asRuntimeException();
    } finally {
      monitor.unlock();
    }
  }

  /** Whether the server said so last. */
  boolean isPaused() {
    monitor.lock();
    try {
      return ended == null && newest.getDirective() == Directive.Enum.PAUSE;
    } finally {
      monitor.unlock();
    }
  }

  /**
   * Waits as long as the server says that the worker is to pause.
   *
   * @throws StatusRuntimeException when the stream has ended
   */
  void awaitResumed() {
    monitor.lock();
    try {
      while (newest.getDirective() == Directive.Enum.PAUSE) {
        failIfEnded();
        answered.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Status.CANCELLED.withDescription("interrupted").asRuntimeException();
    } finally {
      monitor.unlock();
    }
  }

  private void awaitCounted(long reports, Duration limit) throws InterruptedException {
    long left = limit.toNanos();
    while (newest.getCountedReports() < reports) {
      failIfEnded();
      if (left <= 0) {
        throw Status.DEADLINE_EXCEEDED
            .withDescription("no answer to a report within %d s".formatted(limit.toSeconds()))
            .asRuntimeException();
      }
      left = answered.awaitNanos(left);
    }
  }

  private void failIfEnded() {
    if (ended != null) {
      throw ended;
    }
  }

  /** Ends the call without another word; whoever waits gets CANCELLED. */
  void abort(String why) {
    monitor.lock();
    try {
      if (ended == null && call != null) {
        call.cancel(why, null);
      }
    } finally {
      monitor.unlock();
    }
    answers.end(Status.CANCELLED.withDescription(why).asRuntimeException());
  }

  @Override
  public void close() {
    monitor.lock();
    try {
      if (ended == null && call != null) {
        call.onCompleted();
      }
    } finally {
      monitor.unlock();
    }
  }

  private final class Answers
      implements ClientResponseObserver<StreamProgressRequest, StreamProgressResponse> {

    @Override
    public void beforeStart(ClientCallStreamObserver<StreamProgressRequest> requests) {
      monitor.lock();
      try {
        call = requests;
      } finally {
        monitor.unlock();
      }
    }

    @Override
    public void onNext(StreamProgressResponse response) {
      monitor.lock();
      try {
        newest = response;
        answered.signalAll();
      } finally {
        monitor.unlock();
      }
    }

    @Override
    public void onError(Throwable cause) {
      end(Status.fromThrowable(cause).asRuntimeException(Status.trailersFromThrowable(cause)));
    }

    @Override
    public void onCompleted() {
      end(Status.UNAVAILABLE.withDescription("the server ended the stream").asRuntimeException());
    }

    private void end(StatusRuntimeException how) {
      monitor.lock();
      try {
        ended = ended == null ? how : ended;
        answered.signalAll();
      } finally {
        monitor.unlock();
      }
    }
  }
}
