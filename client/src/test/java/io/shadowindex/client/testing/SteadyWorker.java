package io.shadowindex.client.testing;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.WorkerSession;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import java.nio.file.Files;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/** A worker that reports one record after the other until it may complete its build. */
public final class SteadyWorker implements Callable<ShadowIndex>, AutoCloseable {
  private final ShadowIndexClient client;
  private final String branch;
  private final CompletableFuture<String> id = new CompletableFuture<>();
  private final AtomicLong reported = new AtomicLong();
  private final CountDownLatch enough = new CountDownLatch(1);

  public SteadyWorker(ShadowIndexClient client, String branch) {
    this.client = client;
    this.branch = branch;
  }

  @Override
  public ShadowIndex call() throws Exception {
    try (WorkerSession session = WorkerSession.start(client, RunningServer.search(branch))) {
      id.complete(session.build().getShadowIndexId());
      Files.writeString(session.directory().resolve("segment"), "records");
      while (enough.getCount() > 0) {
        var progress = session.report(50, reported.get() + 1);
        if (progress.getRecordCount() != reported.incrementAndGet()) {
          throw new AssertionError("reported " + reported + ", the server has " + progress);
        }
      }
      return session.complete(
          CompleteBuildRequest.newBuilder().setRecordCount(reported.get()).build());
    } catch (Exception | Error e) {
      id.completeExceptionally(e);
      throw e;
    }
  }

  /** The build's, once it has been started. */
  public String id() throws InterruptedException, ExecutionException, TimeoutException {
    return id.get(1, TimeUnit.MINUTES);
  }

  /** How many records the server has counted. */
  public long reported() {
    return reported.get();
  }

  public void complete() {
    enough.countDown();
  }

  /** Whatever came of it, it does not go on for ever. */
  @Override
  public void close() {
    complete();
  }
}
