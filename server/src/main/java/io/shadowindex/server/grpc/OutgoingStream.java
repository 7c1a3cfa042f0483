package io.shadowindex.server.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/**
 * What a server-streaming call answers, sent by a virtual thread of its own: it sends while there
 * is something and the transport has room for it, and is parked otherwise. Nothing is buffered
 * here.
 *
 * @param <T> the messages of the call
 */
final class OutgoingStream<T> {

  private final ServerCallStreamObserver<T> client;
  private final Thread thread;
  private volatile boolean cancelled;

  /** Sends until there is no more to send or the client has gone. */
  @FunctionalInterface
  interface Sender<T> {
    void sendTo(OutgoingStream<T> stream) throws IOException;
  }

  private OutgoingStream(String name, ServerCallStreamObserver<T> client, Sender<T> sender) {
    this.client = client;
    this.thread = Thread.ofVirtual().name(name).unstarted(() -> run(sender));
  }

  /**
   * Takes the call over. To be called from the handler, before it returns.
   *
   * @param name of the thread
   */
  static <T> void start(String name, StreamObserver<T> client, Sender<T> sender) {
    var call = (ServerCallStreamObserver<T>) client;
    var stream = new OutgoingStream<>(name, call, sender);
    call.setOnReadyHandler(stream::wakeUp);
    call.setOnCancelHandler(
        () -> {
          stream.cancelled = true;
          stream.wakeUp();
        });
    stream.thread.start();
  }

  /** The top of the call's thread: whatever goes wrong ends the call with its status. */
  private void run(Sender<T> sender) {
    try {
      sender.sendTo(this);
      if (!cancelled) {
        client.onCompleted();
      }
    } catch (IOException | RuntimeException e) {
      if (!cancelled) {
        client.onError(GrpcErrors.toStatus(e));
      }
    }
  }

  /** Whether the client has gone. */
  boolean isCancelled() {
    return cancelled;
  }

  /** Whether the transport has room for a message. */
  boolean isReady() {
    return client.isReady();
  }

  void send(T message) {
    client.onNext(message);
  }

  /** Ends the sender's rest, from any thread. */
  void wakeUp() {
    LockSupport.unpark(thread);
  }

  /**
   * Rests until there is room again, the client has gone, or somebody wakes it up; or for nothing.
   */
  void rest() {
    LockSupport.park(this);
  }

  /** The same, for so many nanoseconds at most. */
  void rest(long nanos) {
    LockSupport.parkNanos(this, nanos);
  }
}
