package io.shadowindex.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.StreamProgressResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One worker's hold on one build, from StartBuild until it is completed, cancelled or failed. Every
 * call carries the fencing token of the attempt, so a worker that was replaced can change nothing.
 *
 * {@snippet file="WorkerExample.java" region="example"}
 *
 * <p>A session that is closed before {@link #complete} or {@link #cancel} went through declares the
 * build failed, so no way out of the block leaves it BUILDING. A worker process that dies does: the
 * build is stalled after its lease, and somebody else may {@link #claim} it, cancel it or fail it.
 * Until it is closed, the session renews the lease by itself ({@link
 * ShadowIndexClientBuilder#heartbeat}), however long the worker has nothing to report.
 *
 * <p>Calls throw {@link ShadowIndexException.BuildLost} when the build is out of this worker's
 * hands, and another {@link ShadowIndexException} for every other failure. For one thread at a
 * time, except for {@link #stop} and {@link #isPaused}.
 */
public final class WorkerSession implements AutoCloseable {
  /** FailBuild takes messages of 4096 bytes at most. */
  private static final int LONGEST_REASON_BYTES = 4096;

  private static final String STOPPED = "the worker was stopped";

  private final ShadowIndexClient client;
  private final Connection connection;
  private final ShadowIndex build;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);

  /** Held by whoever reports: the worker, or the heartbeat in its silence. */
  private final ReentrantLock reporting = new ReentrantLock();

  private ReportProgressRequest newest;
  private volatile @Nullable ProgressStream stream;
  private String failure = "The worker ended without completing the build.";

  private WorkerSession(ShadowIndexClient client, ShadowIndex build) {
    this.client = client;
    this.connection = client.connection();
    this.build = build;
    this.newest = own(ReportProgressRequest.getDefaultInstance());
    Thread.ofVirtual().name("shadowindex-heartbeat").start(this::beatUntilEnded);
  }

  /** Starts a build and takes hold of it. A refusal leaves nothing behind. */
  public static WorkerSession start(ShadowIndexClient client, StartBuildRequest request) {
    return new WorkerSession(client, client.startBuild(request).getShadowIndex());
  }

  /**
   * Takes a build over whose worker is gone, with its directory as it is. What the old worker still
   * sends is refused from then on.
   *
   * @throws ShadowIndexException.FailedPrecondition while its worker reports, without {@code force}
   */
  public static WorkerSession claim(ShadowIndexClient client, ClaimBuildRequest request) {
    return new WorkerSession(client, client.claimBuild(request).getShadowIndex());
  }

  /** The build as it was started or claimed; later changes don't show here. */
  public ShadowIndex build() {
    return build;
  }

  /**
   * The directory to write to. It exists, is empty unless claimed, and belongs to this worker
   * alone.
   */
  public Path directory() {
    return Path.of(build.getShadowIndexPath());
  }

  /**
   * Reports progress over a stream that stays open. Returns when the server has counted the report
   * and, while the build is paused, not before it is resumed. Survives restarts of the server, as
   * long as {@link ShadowIndexClientBuilder#patience} says.
   *
   * @param percent 0 to 100, never lower than before
   * @param records records indexed so far, never lower than before
   * @return what the server has recorded, its estimate of the time to go included
   */
  public BuildProgress report(int percent, long records) {
    return report(
        ReportProgressRequest.newBuilder()
            .setProgressPercent(percent)
            .setRecordCount(records)
            .build());
  }

  /**
   * The same for workers that say more: their own estimate, a total, which part of a build is
   * theirs.
   *
   * @param progress build and fencing token are filled in here; the worker id must stay the same
   */
  public BuildProgress report(ReportProgressRequest progress) {
    reporting.lock();
    try {
      newest = own(progress);
      return holding(this::reportUntilResumed).getProgress();
    } finally {
      reporting.unlock();
    }
  }

  /** Whether the worker is to pause, as far as is known since the last report. */
  public boolean isPaused() {
    ProgressStream open = stream;
    return open != null && open.isPaused();
  }

  /**
   * Makes {@link #report} throw {@link ShadowIndexException.Cancelled}, now and from now on, also
   * where it waits for the end of a pause or for the server to come back. May come from any thread;
   * what becomes of the build is still the worker's to say.
   */
  public void stop() {
    stopped.countDown();
    ProgressStream open = stream;
    if (open != null) {
      open.abort(STOPPED);
    }
  }

  private StreamProgressResponse reportUntilResumed() {
    Backoff backoff = new Backoff();
    boolean lost = false;
    long lostSince = 0;
    while (true) {
      try {
        StreamProgressResponse answer = reportOnce();
        lost = false;
        open().awaitResumed();
        return answer;
      } catch (StatusRuntimeException e) {
        lostSince = lost ? lostSince : System.nanoTime();
        lost = true;
        if (!mayRecover(e)
            || System.nanoTime() - lostSince >= connection.limits().patience().toNanos()
            || isStoppedAfter(backoff.nextNanos())) {
          throw e;
        }
      }
    }
  }

  /** Connects when there is no stream, and leaves none that does not work. */
  private StreamProgressResponse reportOnce() {
    try {
      return open().report(newest, connection.limits().call());
    } catch (StatusRuntimeException e) {
      dropStream();
      throw e;
    }
  }

  private ProgressStream open() {
    ProgressStream open = stream;
    if (open == null) {
      connection.reconnect();
      open = client.streamProgress();
      stream = open;
      if (stopped.getCount() == 0) {
        open.abort(STOPPED);
      }
    }
    return open;
  }

  private void dropStream() {
    ProgressStream open = stream;
    if (open != null) {
      open.abort("another stream takes over");
      stream = null;
    }
  }

  /** A deadline means that a server which may be stopped for a while said nothing. */
  private boolean mayRecover(StatusRuntimeException failure) {
    return connection.mayRecover(failure)
        || failure.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED;
  }

  private boolean isStoppedAfter(long nanos) {
    try {
      return stopped.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private void beatUntilEnded() {
    long interval = connection.limits().heartbeat().toNanos();
    try {
      while (!ended.await(interval, TimeUnit.NANOSECONDS)) {
        beat();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody does; the lease then ends without reports
    }
  }

  /** Repeats the newest report, unless the worker is just reporting itself. */
  private void beat() {
    if (stopped.getCount() > 0 && reporting.tryLock()) {
      try {
        var _ = reportOnce();
      } catch (StatusRuntimeException e) {
        // the worker's next report connects again, and is told what this one was told
      } finally {
        reporting.unlock();
      }
    }
  }

  private ReportProgressRequest own(ReportProgressRequest report) {
    return report.toBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setFencingToken(build.getFencingToken())
        .build();
  }

  /**
   * Completes the build; nothing may be written to the directory afterwards. When it is refused,
   * the build is as before, and the worker may mend its files and try again.
   *
   * @param result what the worker has to say of the index; id and fencing token are filled in here
   * @return the build, BUILT
   */
  public ShadowIndex complete(CompleteBuildRequest result) {
    CompleteBuildRequest request =
        result.toBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setFencingToken(build.getFencingToken())
            .build();
    ShadowIndex built = holding(() -> client.completeBuild(request).getShadowIndex());
    end();
    return built;
  }

  /** Gives the build up, also after {@link #complete}; its files are deleted by the server. */
  public void cancel(String reason) {
    CancelBuildRequest request =
        CancelBuildRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setReason(shortened(reason))
            .build();
    var _ = uninterrupted(() -> client.cancelBuild(request));
    end();
  }

  /** Sets the reason that {@link #close} gives when it has to declare the build failed. */
  public void failing(String reason) {
    failure = reason.isEmpty() ? failure : shortened(reason);
  }

  /**
   * Declares the build failed unless it was completed, cancelled or lost. Works in a thread that
   * was interrupted, too.
   *
   * @throws ShadowIndexException when the server cannot be told; the build then stays BUILDING
   *     until it is found to be stalled
   */
  @Override
  public void close() {
    if (ended.getCount() == 0) {
      return;
    }
    FailBuildRequest request =
        FailBuildRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setErrorMessage(failure)
            .setFencingToken(build.getFencingToken())
            .build();
    try {
      var _ = uninterrupted(() -> client.failBuild(request));
    } finally {
      end();
    }
  }

  /** Ends the heartbeat and the stream. */
  private void end() {
    ended.countDown();
    ProgressStream open = stream;
    if (open != null) {
      open.close();
    }
  }

  /** The thread is on its way out, and its last words should be heard. */
  private <R> R uninterrupted(Supplier<R> call) {
    boolean interrupted = Thread.interrupted();
    try {
      return holding(call);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private <R> R holding(Supplier<R> call) {
    try {
      return connection.once(call);
    } catch (ShadowIndexException e) {
      switch (e.reason()) {
        case ILLEGAL_TRANSITION, STALE_FENCING_TOKEN, SHADOW_INDEX_NOT_FOUND -> {
          end();
          throw ShadowIndexException.buildLost(e);
        }
        default -> throw e;
      }
    }
  }

  private static String shortened(String reason) {
    byte[] bytes = reason.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= LONGEST_REASON_BYTES) {
      return reason;
    }
    int end = LONGEST_REASON_BYTES;
    while ((bytes[end] & 0xC0) == 0x80) { // not within a character
      end--;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }
}
