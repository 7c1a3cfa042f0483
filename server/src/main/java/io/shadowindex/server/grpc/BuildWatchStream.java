package io.shadowindex.server.grpc;

import io.grpc.stub.StreamObserver;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.watch.BuildWatch;
import io.shadowindex.server.watch.WatchMessage;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/**
 * What WatchBuild and WatchBuilds answer.
 *
 * @param <T> the messages of the call
 */
final class BuildWatchStream<T> {

  private final OutgoingStream<T> stream;
  private final BuildWatch watch;
  private final Function<WatchMessage, T> mapping;
  private final Duration heartbeat;

  /** How to begin the watch, given what wakes its reader. */
  @FunctionalInterface
  interface Beginning {
    BuildWatch watch(Runnable wakeUp);
  }

  private BuildWatchStream(
      OutgoingStream<T> stream,
      BuildWatch watch,
      Function<WatchMessage, T> mapping,
      Duration heartbeat) {
    this.stream = stream;
    this.watch = watch;
    this.mapping = mapping;
    this.heartbeat = heartbeat;
  }

  /** Takes the call over. To be called from the handler, before it returns. */
  static <T> void start(
      StreamObserver<T> client,
      Function<WatchMessage, T> mapping,
      Duration heartbeat,
      Beginning beginning) {
    OutgoingStream.start(
        "watch",
        client,
        stream -> {
          try (BuildWatch watch = beginning.watch(stream::wakeUp)) {
            new BuildWatchStream<>(stream, watch, mapping, heartbeat).tell();
          }
        });
  }

  private void tell() {
    long silentSince = System.nanoTime();
    while (!stream.isCancelled()) {
      if (sendWhatIsThere()) {
        silentSince = System.nanoTime();
      }
      if (stream.isCancelled() || watch.isOver()) {
        return;
      }
      if (watch.isDraining() && !stream.isReady()) {
        throw new Refusal.WatchDrained(watch.revision()).exception();
      }
      long left = silentSince + heartbeat.toNanos() - System.nanoTime();
      if (left > 0) {
        stream.rest(left);
      } else if (stream.isReady()) {
        stream.send(mapping.apply(watch.heartbeat()));
        silentSince = System.nanoTime();
      } else {
        stream.rest(); // until the transport has room again
      }
    }
  }

  private boolean sendWhatIsThere() {
    boolean sent = false;
    while (stream.isReady() && !watch.isOver()) {
      Optional<WatchMessage> message = watch.next();
      if (message.isEmpty()) {
        return sent;
      }
      stream.send(mapping.apply(message.get()));
      sent = true;
    }
    return sent;
  }
}
