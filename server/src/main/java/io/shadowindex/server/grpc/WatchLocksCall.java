package io.shadowindex.server.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.shadowindex.server.lock.LockFeed;
import io.shadowindex.server.lock.LockWatch;
import io.shadowindex.v1.WatchLocksResponse;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** One WatchLocks call: a virtual thread that sends while there is something and room for it. */
final class WatchLocksCall {

  private final ServerCallStreamObserver<WatchLocksResponse> client;
  private final Thread thread;
  private volatile boolean cancelled;

  private WatchLocksCall(
      ServerCallStreamObserver<WatchLocksResponse> client,
      LockFeed feed,
      @Nullable String branchName) {
    this.client = client;
    this.thread = Thread.ofVirtual().name("watch-locks").unstarted(() -> run(feed, branchName));
  }

  /** Takes the call over. To be called from the handler, before it returns. */
  static void start(
      ServerCallStreamObserver<WatchLocksResponse> client,
      LockFeed feed,
      @Nullable String branchName) {
    var call = new WatchLocksCall(client, feed, branchName);
    client.setOnReadyHandler(call::wakeUp);
    client.setOnCancelHandler(
        () -> {
          call.cancelled = true;
          call.wakeUp();
        });
    call.thread.start();
  }

  private void wakeUp() {
    LockSupport.unpark(thread);
  }

  /** The top of the call's thread: whatever goes wrong ends the call with its status. */
  private void run(LockFeed feed, @Nullable String branchName) {
    try (LockWatch watch = feed.watch(branchName, this::wakeUp)) {
      while (!cancelled) {
        sendWhatIsThere(watch);
        if (!cancelled) {
          LockSupport.park(this);
        }
      }
    } catch (RuntimeException e) {
      if (!cancelled) {
        client.onError(GrpcErrors.toStatus(e));
      }
    }
  }

  private void sendWhatIsThere(LockWatch watch) {
    while (client.isReady()) {
      Optional<LockWatch.Message> message = watch.next();
      if (message.isEmpty()) {
        return;
      }
      client.onNext(LockMessages.response(message.get()));
    }
  }
}
