package io.shadowindex.client;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.shadowindex.v1.ErrorReason;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A channel to one server, and what came of it so far. For any number of threads. */
final class Connection implements AutoCloseable {
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

  private final ManagedChannel channel;
  private final ServerAddress address;
  private final boolean secured;
  private final Limits limits;
  private volatile boolean reached;

  /**
   * Takes the channel over.
   *
   * @param secured whether it is TLS
   */
  Connection(ManagedChannel channel, ServerAddress address, boolean secured, Limits limits) {
    this.channel = channel;
    this.address = address;
    this.secured = secured;
    this.limits = limits;
    noteWhenReady();
  }

  ManagedChannel channel() {
    return channel;
  }

  Limits limits() {
    return limits;
  }

  /** Whether a server was ever there; one that was not is not waited for. */
  boolean isReached() {
    return reached;
  }

  /** Has the next call connect at once, however often that has failed before. */
  void reconnect() {
    channel.resetConnectBackoff();
  }

  /**
   * Calls once.
   *
   * @throws ShadowIndexException when there is no answer, or a refusal
   */
  <R> R once(Supplier<R> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      throw explained(e);
    }
  }

  /**
   * Calls until there is an answer or a refusal, for as long as the limits say and no longer than
   * the deadline. Only for calls that may be repeated.
   *
   * @throws ShadowIndexException when there is no answer, or a refusal
   */
  <R> R repeated(Duration deadline, Supplier<R> call) {
    Duration patience = limits.patience();
    Repetition repetition =
        new Repetition(this, patience.compareTo(deadline) < 0 ? patience : deadline);
    return once(() -> repetition.untilAnswered(call));
  }

  /**
   * Whether a call may go through when it is made again: nothing is known of what became of it, and
   * the client is open. A server that can tell what happened says so with a documented reason.
   */
  boolean mayRecover(StatusRuntimeException failure) {
    return !channel.isShutdown()
        && switch (failure.getStatus().getCode()) {
          case UNAVAILABLE -> true;
          case UNKNOWN, INTERNAL ->
              ShadowIndexException.of(failure).reason()
                  == ErrorReason.Enum.ERROR_REASON_UNSPECIFIED;
          default -> false;
        };
  }

  /** The exception of the library for a failed call. */
  ShadowIndexException explained(StatusRuntimeException failure) {
    ShadowIndexException plain = ShadowIndexException.of(failure);
    if (plain instanceof ShadowIndexException.Unavailable && channel.isShutdown()) {
      return ShadowIndexException.of(
          Status.CANCELLED
              .withDescription("The client was closed.")
              .withCause(failure)
              .asRuntimeException());
    }
    if (plain.reason() != ErrorReason.Enum.ERROR_REASON_UNSPECIFIED) {
      return plain; // the server's own words
    }
    return switch (failure.getStatus().getCode()) {
      case UNAVAILABLE ->
          ShadowIndexException.of(
              failure, new ConnectionTrouble(failure).at(address, secured, reached));
      case DEADLINE_EXCEEDED ->
          ShadowIndexException.of(
              failure, "The server at " + address + " did not answer within the deadline.");
      default -> plain;
    };
  }

  private void noteWhenReady() {
    ConnectivityState state = channel.getState(false);
    if (state == ConnectivityState.READY) {
      reached = true;
    } else if (state != ConnectivityState.SHUTDOWN) {
      channel.notifyWhenStateChanged(state, this::noteWhenReady);
    }
  }

  /** Ends calls and watches that are still open, with {@code Cancelled}. */
  @Override
  public void close() {
    channel.shutdownNow();
    try {
      channel.awaitTermination(CLOSE_WAIT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
