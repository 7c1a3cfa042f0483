package io.shadowindex.client;

import io.grpc.StatusRuntimeException;
import io.shadowindex.v1.ErrorReason;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Repeats a call whose answer was lost, while the server is restarted or the network comes back.
 * Only for calls that may be repeated: with a request_id the server answers them once.
 */
final class Repetition {

  private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  /** Has the connection tried again at once; gRPC would wait longer after each failure. */
  private final Runnable reconnect;

  /** How long a server that does not answer is waited for, from the first lost answer on. */
  private final Duration patience;

  Repetition(Runnable reconnect, Duration patience) {
    this.reconnect = reconnect;
    this.patience = patience;
  }

  /**
   * Calls until there is an answer or a refusal.
   *
   * @throws StatusRuntimeException UNAVAILABLE when the server has not answered for that long, and
   *     at once when it could not be reached in the first place
   */
  <R> R untilAnswered(Supplier<R> call) {
    Duration pause = FIRST_PAUSE;
    long lostSince = System.nanoTime();
    for (boolean first = true; ; first = false) {
      long began = System.nanoTime();
      try {
        return call.get();
      } catch (StatusRuntimeException e) {
        if (first || System.nanoTime() - began > patience.toNanos()) { // it was there until now
          lostSince = System.nanoTime();
          pause = FIRST_PAUSE;
        }
        if (!answerIsLost(e)
            || (first && nothingWasSent(e))
            || System.nanoTime() - lostSince > patience.toNanos()
            || !pausedFor(pause)) {
          throw e;
        }
        pause = shorter(pause.multipliedBy(2), LONGEST_PAUSE);
        reconnect.run();
      }
    }
  }

  /** A server that can tell what happened says so with a documented reason. */
  private static boolean answerIsLost(StatusRuntimeException failure) {
    return switch (failure.getStatus().getCode()) {
      case UNAVAILABLE -> true;
      case UNKNOWN, INTERNAL ->
          Refusal.of(failure).reason() == ErrorReason.Enum.ERROR_REASON_UNSPECIFIED;
      default -> false;
    };
  }

  private static boolean nothingWasSent(StatusRuntimeException failure) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException
          || cause instanceof NoRouteToHostException
          || cause instanceof UnknownHostException) {
        return true;
      }
    }
    return false;
  }

  /** Pauses between half and all of that time, so that many clients do not come back at once. */
  private static boolean pausedFor(Duration longest) {
    try {
      long nanos = longest.toNanos();
      TimeUnit.NANOSECONDS.sleep(ThreadLocalRandom.current().nextLong(nanos / 2, nanos));
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static Duration shorter(Duration first, Duration second) {
    return first.compareTo(second) < 0 ? first : second;
  }
}
