package io.shadowindex.client.cli;

import io.shadowindex.client.BuildWatch;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.lucene.LuceneWorker;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.WatchBuildRequest;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Shows a build of this process as everybody else sees it: over WatchBuild, from a thread of its
 * own, from its start until it is final.
 */
final class BackgroundWatch implements LuceneWorker.Observer, AutoCloseable {
  private static final int PERCENT_BETWEEN_LINES = 10;

  private final ShadowIndexClient client;
  private final Output output;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("watch").daemon().factory());
  private @Nullable BuildWatch watch;
  private @Nullable Future<?> following;

  BackgroundWatch(ShadowIndexClient client, Output output) {
    this.client = client;
    this.output = output;
  }

  @Override
  public void started(ShadowIndex build) {
    BuildWatch opened =
        client.watchBuild(
            WatchBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build());
    watch = opened;
    following = thread.submit(() -> follow(opened));
  }

  /** Waits until the build is final and all of it has been shown. */
  void await() throws InterruptedException {
    if (following != null) {
      try {
        following.get();
      } catch (ExecutionException e) {
        throw new CommandFailure(Exit.REFUSED, "The watch broke off: " + e.getCause());
      }
    }
  }

  @Override
  public void close() {
    if (watch != null) {
      watch.close();
    }
    thread.close();
  }

  private void follow(BuildWatch opened) {
    try (ProgressView view = ProgressView.on(output, PERCENT_BETWEEN_LINES)) {
      new BuildFollower(view, _ -> {}).follow(opened);
    }
  }
}
