package io.shadowindex.client.lucene;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.ShadowIndexException;
import io.shadowindex.client.WorkerSession;
import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.BuildSummary;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * A worker for one build: starts it, indexes, reports progress, completes it.
 *
 * <p>When indexing throws, the build is FAILED with the reason; after {@link #stop}, it is
 * CANCELLED; when somebody else took the build away, the worker just ends. If the process dies, the
 * build stays BUILDING.
 */
public final class LuceneWorker {
  private static final String STOPPED = "Indexing was stopped.";

  private final ShadowIndexClient client;
  private final int threads;
  private @Nullable WorkerSession session;
  private @Nullable LuceneIndexer indexer;
  private boolean stopped;

  /**
   * A worker that has not begun.
   *
   * @param threads how many threads index, 1 or more
   */
  public LuceneWorker(ShadowIndexClient client, int threads) {
    this.client = client;
    this.threads = threads;
  }

  /**
   * Does the whole build; to be called once.
   *
   * @param request what to build
   * @param source where the files are
   * @param files those of the source's files to index; at least one
   * @param observer told of the build from the calling thread; what it throws fails the build
   * @return the build, BUILT
   * @throws CancellationException after {@link #stop}
   * @throws ShadowIndexException.BuildLost when somebody else took the build away
   * @throws ShadowIndexException when the server refused or could not be reached
   * @throws IOException when the index could not be written
   */
  public ShadowIndex build(
      StartBuildRequest request, SourceFiles source, List<Path> files, Observer observer)
      throws IOException, InterruptedException {
    try (WorkerSession session = WorkerSession.start(client, request)) {
      try {
        begin(session);
        observer.started(session.build());
        return fill(session, source, files, observer);
      } catch (CancellationException | ShadowIndexException.Cancelled e) {
        session.cancel(STOPPED);
        throw new CancellationException(STOPPED);
      } catch (IOException | RuntimeException e) {
        session.failing(e.toString());
        throw e;
      }
    }
  }

  /** Makes {@link #build} cancel the build and throw soon; may come from any thread. */
  public synchronized void stop() {
    stopped = true;
    if (session != null) {
      session.stop();
    }
    if (indexer != null) {
      indexer.stop();
    }
  }

  private ShadowIndex fill(
      WorkerSession session, SourceFiles source, List<Path> files, Observer observer)
      throws IOException, InterruptedException {
    long begun = System.nanoTime();
    IndexingResult result =
        begin(new LuceneIndexer(source, files, session.directory(), threads))
            .run(now -> observer.progressed(session.report(now.percent(), now.documents())));
    observer.indexed(result);
    ShadowIndex built = session.complete(completion(result, System.nanoTime() - begun));
    failIfStopped();
    return built;
  }

  private synchronized void begin(WorkerSession started) {
    session = started;
    failIfStopped();
  }

  private synchronized LuceneIndexer begin(LuceneIndexer prepared) {
    failIfStopped();
    indexer = prepared;
    return prepared;
  }

  private synchronized void failIfStopped() {
    if (stopped) {
      throw new CancellationException(STOPPED);
    }
  }

  private static CompleteBuildRequest completion(IndexingResult result, long nanos) {
    return CompleteBuildRequest.newBuilder()
        .setRecordCount(result.documents())
        .setIndexSizeBytes(result.bytes())
        .setBuildSummary(
            BuildSummary.newBuilder().setBuildDurationSeconds(Duration.ofNanos(nanos).toSeconds()))
        .build();
  }

  /** What a worker tells while it works; every method may be left out. */
  public interface Observer {
    /** The build has been started. */
    default void started(ShadowIndex build) {}

    /** The server has recorded this progress. */
    default void progressed(BuildProgress progress) {}

    /** The index is written; the server is about to check it. */
    default void indexed(IndexingResult result) {}
  }
}
