package io.shadowindex.server.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.watch.BuildWatch;
import io.shadowindex.server.watch.WatchMessage;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * One WatchBuild or WatchBuilds call: a virtual thread that sends a message whenever there is one
 * and the transport has room for it, and is parked otherwise. Nothing is buffered here.
 *
 * @param <T> the messages of the call
 */
final class WatchCall<T> {

  private final ServerCallStreamObserver<T> client;
  private final Function<WatchMessage, T> mapping;
  private final Duration heartbeat;
  private final Thread thread;
  private volatile boolean cancelled;

  /** How to begin the watch, given what wakes its reader. */
  @FunctionalInterface
  interface Beginning {
    BuildWatch watch(Runnable wakeUp);
  }

  private WatchCall(
      ServerCallStreamObserver<T> client,
      Function<WatchMessage, T> mapping,
      Duration heartbeat,
      Beginning beginning) {
    this.client = client;
    this.mapping = mapping;
    this.heartbeat = heartbeat;
    this.thread = Thread.ofVirtual().name("watch").unstarted(() -> run(beginning));
  }

  /** Takes the call over. To be called from the handler, before it returns. */
  static <T> void start(
      ServerCallStreamObserver<T> client,
      Function<WatchMessage, T> mapping,
      Duration heartbeat,
      Beginning beginning) {
    var call = new WatchCall<>(client, mapping, heartbeat, beginning);
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
  private void run(Beginning beginning) {
    try (BuildWatch watch = beginning.watch(this::wakeUp)) {
      tell(watch);
      if (!cancelled) {
        client.onCompleted();
      }
    } catch (RuntimeException e) {
      if (!cancelled) {
        client.onError(GrpcErrors.toStatus(e));
      }
    }
  }

  private void tell(BuildWatch watch) {
    long silentSince = System.nanoTime();
    while (!cancelled) {
      if (sendWhatIsThere(watch)) {
        silentSince = System.nanoTime();
      }
      if (cancelled || watch.isOver()) {
        return;
      }
      if (watch.isDraining() && !client.isReady()) {
        throw new Refusal.WatchDrained(watch.revision()).exception();
      }
      long left = silentSince + heartbeat.toNanos() - System.nanoTime();
      if (left > 0) {
        LockSupport.parkNanos(this, left);
      } else if (client.isReady()) {
        client.onNext(mapping.apply(watch.heartbeat()));
        silentSince = System.nanoTime();
      } else {
        LockSupport.park(this); // until the transport has room again
      }
    }
  }

  private boolean sendWhatIsThere(BuildWatch watch) {
    boolean sent = false;
    while (client.isReady() && !watch.isOver()) {
      Optional<WatchMessage> message = watch.next();
      if (message.isEmpty()) {
        return sent;
      }
      client.onNext(mapping.apply(message.get()));
      sent = true;
    }
    return sent;
  }
}
