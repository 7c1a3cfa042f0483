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
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One worker's hold on one build, from StartBuild until it is completed, cancelled or failed. Every
 * call carries the fencing token of the attempt, so a worker that was replaced can change nothing.
 *
 * <p>Meant for try-with-resources: a session that is closed before {@link #complete} or {@link
 * #cancel} went through declares the build failed, so no way out of the block leaves it BUILDING. A
 * worker process that dies does: the build is stalled after its lease, and somebody else may {@link
 * #claim} it, cancel it or fail it.
 *
 * <p>Calls throw {@link BuildLostException} when the build is out of this worker's hands, and
 * {@link StatusRuntimeException} for every other failure. For one thread at a time.
 */
public final class WorkerSession implements AutoCloseable {
  /** FailBuild takes messages of 4096 bytes at most. */
  private static final int LONGEST_REASON_BYTES = 4096;

  private static final Duration RETRY_WAIT = Duration.ofMillis(100);

  private final ShadowIndexClient client;
  private final ShadowIndex build;
  private String failure = "The worker ended without completing the build.";
  private boolean ended;
  private @Nullable ProgressStream stream;

  private WorkerSession(ShadowIndexClient client, ShadowIndex build) {
    this.client = client;
    this.build = build;
  }

  /** Starts a build and takes hold of it. A refusal leaves nothing behind. */
  public static WorkerSession start(ShadowIndexClient client, StartBuildRequest request) {
    return new WorkerSession(client, client.startBuild(request).getShadowIndex());
  }

  /**
   * Takes a build over whose worker is gone, with its directory as it is. What the old worker still
   * sends is refused from then on.
   *
   * @throws StatusRuntimeException with BUILD_NOT_STALLED while its worker reports
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
   * Reports progress and proves that the worker is alive, over a stream that stays open. Returns
   * when the server has counted the report; while the build is paused, when it is not paused any
   * more. Survives restarts of the server of up to a minute.
   *
   * @param percent 0 to 100, never lower than before
   * @param records records indexed so far, never lower than before
   * @return what the server has recorded, its estimate of the time to go included
   */
  public BuildProgress report(int percent, long records) {
    ReportProgressRequest request =
        ReportProgressRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setProgressPercent(percent)
            .setRecordCount(records)
            .setFencingToken(build.getFencingToken())
            .build();
    return holding(() -> reportUntilReached(request)).getProgress();
  }

  /** Whether the worker is to pause, as far as is known since the last report. */
  public boolean isPaused() {
    return stream != null && stream.isPaused();
  }

  private StreamProgressResponse reportUntilReached(ReportProgressRequest request) {
    long began = System.nanoTime();
    while (true) {
      if (stream == null) {
        stream = client.streamProgress();
      }
      try {
        return stream.report(request, client.limits().call());
      } catch (StatusRuntimeException e) {
        stream = null;
        if (e.getStatus().getCode() != Status.Code.UNAVAILABLE
            || System.nanoTime() - began > client.limits().patience().toNanos()) {
          throw e;
        }
        LockSupport.parkNanos(RETRY_WAIT.toNanos());
        client.reconnect();
      }
    }
  }

  private void closeStream() {
    if (stream != null) {
      stream.close();
      stream = null;
    }
  }

  /**
   * Completes the build; nothing may be written to the directory afterwards.
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
    closeStream();
    ShadowIndex built = holding(() -> client.completeBuild(request)).getShadowIndex();
    ended = true;
    return built;
  }

  /** Gives the build up, also after {@link #complete}; its files are deleted by the server. */
  public void cancel(String reason) {
    CancelBuildRequest request =
        CancelBuildRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setReason(shortened(reason))
            .build();
    holding(() -> client.cancelBuild(request));
    ended = true;
  }

  /** Sets the reason that {@link #close} gives when it has to declare the build failed. */
  public void failing(String reason) {
    failure = reason.isEmpty() ? failure : shortened(reason);
  }

  /**
   * Declares the build failed unless it was completed, cancelled or lost.
   *
   * @throws StatusRuntimeException when the server cannot be told; the build then stays BUILDING
   */
  @Override
  public void close() {
    closeStream();
    if (ended) {
      return;
    }
    FailBuildRequest request =
        FailBuildRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setErrorMessage(failure)
            .setFencingToken(build.getFencingToken())
            .build();
    holding(() -> client.failBuild(request));
    ended = true;
  }

  private <R> R holding(Supplier<R> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      if (Refusal.of(e).buildIsLost()) {
        ended = true;
        throw new BuildLostException(e);
      }
      throw e;
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
