package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.ShadowIndexException;
import io.shadowindex.client.Watch;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import io.shadowindex.v1.WatchLocksRequest;
import io.shadowindex.v1.WatchLocksResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What happens to builds and locks, from two watches. */
final class TopFeed implements AutoCloseable {
  private static final int MOST_WAITING = 1000;

  private static final List<State> SHOWN =
      List.of(
          State.PREPARING,
          State.BUILDING,
          State.BUILT,
          State.SWITCHING,
          State.ACTIVE,
          State.FAILED);

  private final BlockingQueue<News> arrived = new ArrayBlockingQueue<>(MOST_WAITING);
  private final ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor();

  /** Something to know. */
  sealed interface News {}

  record OfBuild(WatchBuildsResponse message) implements News {}

  record OfLocks(WatchLocksResponse message) implements News {}

  /** A watch is over. */
  record Lost(ShadowIndexException failure) implements News {}

  TopFeed(ShadowIndexClient client, String branch) {
    WatchBuildsRequest builds =
        WatchBuildsRequest.newBuilder()
            .setBranchName(branch)
            .addAllStates(SHOWN)
            .setHeartbeatSeconds(1)
            .build();
    WatchLocksRequest locks = WatchLocksRequest.newBuilder().setBranchName(branch).build();
    readers.execute(() -> follow(client.watchBuilds(builds), OfBuild::new));
    readers.execute(() -> follow(client.watchLocks(locks), OfLocks::new));
  }

  /** Waits for the next one; null when none came in that time. */
  @Nullable News poll(Duration limit) throws InterruptedException {
    return arrived.poll(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  private <T> void follow(Watch<T> opened, Function<T, News> news) {
    try (Watch<T> watch = opened) {
      while (watch.hasNext()) {
        arrived.put(news.apply(watch.next()));
      }
    } catch (ShadowIndexException.Cancelled | InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    } catch (ShadowIndexException e) {
      tell(new Lost(e));
    }
  }

  private void tell(News news) {
    try {
      arrived.put(news);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  /** Ends both watches. */
  @Override
  public void close() {
    readers.shutdownNow();
  }
}
