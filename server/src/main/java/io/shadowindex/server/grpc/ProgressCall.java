package io.shadowindex.server.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.watch.WorkerStreams;
import io.shadowindex.v1.Directive;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.StreamProgressRequest;
import io.shadowindex.v1.StreamProgressResponse;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One StreamProgress call. Reports are taken on the transport's thread; a virtual thread of its own
 * answers with what is newest then, whenever the transport has room. Only that thread sends.
 */
final class ProgressCall implements StreamObserver<StreamProgressRequest> {

  /** The newest count is not answered more often, so that reports cost more than their answers. */
  private static final Duration ANSWER_INTERVAL = Duration.ofMillis(5);

  private final BuildLifecycle builds;
  private final WorkerStreams streams;
  private final Messages messages;
  private final Limits limits;
  private final ServerCallStreamObserver<StreamProgressResponse> client;
  private final Thread thread;
  private final Runnable wakeUp = this::wakeUp;

  private @Nullable UUID buildId;
  private ReportProgressRequest first = ReportProgressRequest.getDefaultInstance();
  private long secondBegan;
  private int reportsInSecond;
  private long taken;

  private volatile WorkerStreams.@Nullable Stream stream;
  private volatile long counted;

  /** Whether the thread knows already that there is something to answer. */
  private volatile boolean unanswered;

  private volatile @Nullable RuntimeException failure;
  private volatile boolean halfClosed;
  private volatile boolean closed;

  /** The directive that was sent last. */
  private Directive.Enum directive = Directive.Enum.DIRECTIVE_UNSPECIFIED;

  /**
   * What a stream may do.
   *
   * @param opening within what time the first report has to come
   * @param reportsPerSecond how many reports there may be in one second
   */
  record Limits(Duration opening, int reportsPerSecond) {}

  private static final Logger log = LoggerFactory.getLogger(ProgressCall.class);

  private ProgressCall(
      BuildLifecycle builds,
      WorkerStreams streams,
      Messages messages,
      Limits limits,
      ServerCallStreamObserver<StreamProgressResponse> client) {
    this.builds = builds;
    this.streams = streams;
    this.messages = messages;
    this.limits = limits;
    this.client = client;
    this.secondBegan = System.nanoTime();
    this.thread = Thread.ofVirtual().name("worker-stream").unstarted(this::run);
  }

  /** Takes the call over. To be called from the handler, before it returns. */
  static StreamObserver<StreamProgressRequest> start(
      BuildLifecycle builds,
      WorkerStreams streams,
      Messages messages,
      Limits limits,
      ServerCallStreamObserver<StreamProgressResponse> client) {
    var call = new ProgressCall(builds, streams, messages, limits, client);
    client.setOnReadyHandler(call::wakeUp);
    client.setOnCancelHandler(call::closed);
    client.setOnCloseHandler(call::closed);
    streams.expect(call.wakeUp);
    call.thread.start();
    return call;
  }

  private void closed() {
    closed = true;
    wakeUp();
  }

  private void wakeUp() {
    LockSupport.unpark(thread);
  }

  @Override
  public void onNext(StreamProgressRequest request) {
    if (failure != null) {
      return;
    }
    try {
      take(request.getReport());
    } catch (RuntimeException e) {
      failure = e;
      wakeUp();
    }
    if (!unanswered) {
      unanswered = true;
      wakeUp();
    }
  }

  private void take(ReportProgressRequest report) {
    refuseFlood();
    UUID id = buildId;
    if (id == null) {
      id = Messages.buildId(report.getShadowIndexId());
      first = report;
    } else if (!report.getShadowIndexId().equals(first.getShadowIndexId())
        || !report.getWorkerId().equals(first.getWorkerId())
        || report.getFencingToken() != first.getFencingToken()) {
      throw Messages.invalid(
          "report", "must name the build, worker and token of the first report of the stream");
    }
    var _ = builds.report(id, Messages.report(report));
    if (buildId == null) {
      buildId = id;
      stream = streams.open(id, report.getWorkerId(), wakeUp);
      streams.expectNoLonger(wakeUp);
    }
    counted = ++taken;
  }

  private void refuseFlood() {
    long now = System.nanoTime();
    if (now - secondBegan >= TimeUnit.SECONDS.toNanos(1)) {
      secondBegan = now;
      reportsInSecond = 0;
    }
    if (++reportsInSecond > limits.reportsPerSecond()) {
      throw new Refusal.StreamFlooded(limits.reportsPerSecond(), Duration.ofSeconds(1)).exception();
    }
  }

  @Override
  public void onError(Throwable cause) {
    closed();
  }

  @Override
  public void onCompleted() {
    halfClosed = true;
    wakeUp();
  }

  /** The top of the call's thread: whatever goes wrong ends the call with its status. */
  private void run() {
    try {
      answerUntilEnd();
    } catch (RuntimeException e) {
      if (!closed) {
        endUnlessEnded(e);
      }
    } finally {
      streams.expectNoLonger(wakeUp);
      WorkerStreams.Stream opened = stream;
      if (opened != null) {
        opened.close();
      }
    }
  }

  private void answerUntilEnd() {
    long opened = System.nanoTime();
    long answered = 0;
    long answeredAt = opened - ANSWER_INTERVAL.toNanos();
    while (!closed) {
      boolean last = halfClosed;
      RuntimeException failed = failure;
      if (failed != null) {
        throw failed;
      }
      if (stream == null && !last) {
        awaitFirstReport(opened);
        continue;
      }
      unanswered = false;
      long newest = counted;
      ShadowIndex build = stillHeld();
      if (build == null || (last && newest == 0)) {
        client.onCompleted();
        return;
      }
      Directive.Enum next = nextDirective(build);
      long early = answeredAt + ANSWER_INTERVAL.toNanos() - System.nanoTime();
      if (newest != answered && next == directive && !last && early > 0) {
        unanswered = true;
        LockSupport.parkNanos(this, early);
      } else if ((newest != answered || next != directive) && client.isReady()) {
        answer(newest, next, build);
        answered = newest;
        answeredAt = System.nanoTime();
      } else if (last && newest == answered) {
        client.onCompleted();
        return;
      } else {
        LockSupport.park(this);
      }
    }
  }

  private void awaitFirstReport(long opened) {
    streams.requireServing();
    long left = opened + limits.opening().toNanos() - System.nanoTime();
    if (left <= 0) {
      throw new Refusal.StreamSilent(limits.opening()).exception();
    }
    LockSupport.parkNanos(this, left);
  }

  /** The build, which the worker may go on with; null when it is complete. */
  private @Nullable ShadowIndex stillHeld() {
    WorkerStreams.Stream opened = stream;
    UUID id = buildId;
    if (opened == null || id == null) {
      return null;
    }
    opened.requireOpen();
    try {
      return builds.requireHeld(id, Messages.fencingToken(first.getFencingToken()));
    } catch (RefusedException e) {
      if (e.refusal() instanceof Refusal.IllegalTransition) {
        switch (builds.get(id).state()) {
          case BUILT, SWITCHING, ACTIVE, CLEANUP -> {
            return null;
          }
          case PREPARING, BUILDING, FAILED, CANCELLED -> {}
        }
      }
      throw e;
    }
  }

  private Directive.Enum nextDirective(ShadowIndex build) {
    if (build.paused()) {
      return Directive.Enum.PAUSE;
    }
    return directive == Directive.Enum.PAUSE ? Directive.Enum.RESUME : Directive.Enum.CONTINUE;
  }

  private void answer(long newest, Directive.Enum next, ShadowIndex build) {
    directive = next;
    client.onNext(
        StreamProgressResponse.newBuilder()
            .setCountedReports(newest)
            .setDirective(next)
            .setProgress(messages.progress(build))
            .build());
  }

  /**
   * Ends the call, unless a request that breaks its rules has just ended it on the transport's
   * thread, of which this one hears only by the refusal of what it sends.
   */
  private void endUnlessEnded(RuntimeException cause) {
    try {
      end(cause);
    } catch (IllegalStateException ended) {
      log.debug("the call had ended already", ended);
    }
  }

  private void end(RuntimeException cause) {
    if (cause instanceof RefusedException refused && takesTheBuildAway(refused.refusal())) {
      client.onNext(
          StreamProgressResponse.newBuilder()
              .setCountedReports(counted)
              .setDirective(Directive.Enum.CANCEL)
              .setMessage(refused.refusal().message())
              .build());
    }
    client.onError(GrpcErrors.toStatus(cause));
  }

  private static boolean takesTheBuildAway(Refusal refusal) {
    return refusal instanceof Refusal.IllegalTransition
        || refusal instanceof Refusal.StaleFencingToken;
  }
}
