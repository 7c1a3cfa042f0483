package io.shadowindex.server.grpc;

import com.google.protobuf.Message;
import io.grpc.stub.StreamObserver;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.watch.BuildWatch;
import io.shadowindex.server.watch.WatchMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What WatchBuild and WatchBuilds answer.
 *
 * @param <T> the messages of the call
 */
final class BuildWatchStream<T extends Message> {

  /** A batch ends where it has grown to that; clients refuse messages over 4 MiB. */
  private static final int BATCH_BYTES = 64 << 10;

  private final OutgoingStream<T> stream;
  private final BuildWatch watch;
  private final Batches<T> batches;
  private final Duration heartbeat;

  /**
   * How what there is to tell becomes messages of the call.
   *
   * @param mapping of one thing to a message of its own
   * @param size how many of them may become one message; 0 means 1
   * @param together makes one message of several, or of one
   */
  record Batches<T extends Message>(
      Function<WatchMessage, T> mapping, int size, Function<List<T>, T> together) {

    static <T extends Message> Batches<T> ofOne(Function<WatchMessage, T> mapping) {
      return new Batches<>(mapping, 1, List::getFirst);
    }
  }

  /** How to begin the watch, given what wakes its reader. */
  @FunctionalInterface
  interface Beginning {
    BuildWatch watch(Runnable wakeUp);
  }

  private BuildWatchStream(
      OutgoingStream<T> stream, BuildWatch watch, Batches<T> batches, Duration heartbeat) {
    this.stream = stream;
    this.watch = watch;
    this.batches = batches;
    this.heartbeat = heartbeat;
  }

  /** Takes the call over. To be called from the handler, before it returns. */
  static <T extends Message> void start(
      StreamObserver<T> client, Batches<T> batches, Duration heartbeat, Beginning beginning) {
    OutgoingStream.start(
        "watch",
        client,
        stream -> {
          try (BuildWatch watch = beginning.watch(stream::wakeUp)) {
            new BuildWatchStream<>(stream, watch, batches, heartbeat).tell();
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
        stream.send(batches.mapping().apply(watch.heartbeat()));
        silentSince = System.nanoTime();
      } else {
        stream.rest(); // until the transport has room again
      }
    }
  }

  private boolean sendWhatIsThere() {
    boolean sent = false;
    while (stream.isReady() && sendBatch()) {
      sent = true;
    }
    return sent;
  }

  /**
   * Sends what fits into one message, if there is anything. Where the watch is refused after some
   * of it, that is sent first: the refusal's revision counts it as told.
   */
  private boolean sendBatch() {
    var batch = new ArrayList<T>();
    try {
      int bytes = 0;
      boolean ends = false;
      while (!ends && !watch.isOver()) {
        Optional<WatchMessage> next = watch.next();
        if (next.isEmpty()) {
          break;
        }
        T message = batches.mapping().apply(next.get());
        batch.add(message);
        bytes += message.getSerializedSize();
        ends =
            batch.size() >= batches.size()
                || bytes >= BATCH_BYTES
                || next.get() instanceof WatchMessage.Heartbeat;
      }
    } finally {
      if (!batch.isEmpty()) {
        stream.send(batches.together().apply(batch));
      }
    }
    return !batch.isEmpty();
  }
}
