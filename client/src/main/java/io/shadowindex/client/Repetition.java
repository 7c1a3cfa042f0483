package io.shadowindex.client;

import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Repeats a call whose answer was lost, while the server is restarted or the network comes back.
 * Only for calls that may be repeated: reads, and with a request_id the server answers them once.
 */
final class Repetition {
  /** How often a server that was never there may break off before it is given up. */
  private static final int FIRST_TRIES = 5;

  private final Connection connection;
  private final Duration patience;

  /**
   * For one call.
   *
   * @param patience how long a server that does not answer is waited for, from the first lost
   *     answer on
   */
  Repetition(Connection connection, Duration patience) {
    this.connection = connection;
    this.patience = patience;
  }

  /**
   * Calls until there is an answer or a refusal.
   *
   * @throws StatusRuntimeException UNAVAILABLE when the server has not answered for that long, and
   *     at once when it was never there
   */
  <R> R untilAnswered(Supplier<R> call) {
    Backoff backoff = new Backoff();
    long lostSince = System.nanoTime();
    for (int tries = 1; ; tries++) {
      long began = System.nanoTime();
      try {
        return call.get();
      } catch (StatusRuntimeException e) {
        if (tries == 1
            || System.nanoTime() - began > patience.toNanos()) { // it was there until now
          lostSince = System.nanoTime();
          backoff.reset();
        }
        if (!connection.mayRecover(e)
            || wasNeverThere(e, tries)
            || System.nanoTime() - lostSince >= patience.toNanos()
            || !pausedFor(backoff.nextNanos())) {
          throw e;
        }
        connection.reconnect();
      }
    }
  }

  private boolean wasNeverThere(StatusRuntimeException failure, int tries) {
    return !connection.isReached()
        && (tries >= FIRST_TRIES || new ConnectionTrouble(failure).nothingWasSent());
  }

  private static boolean pausedFor(long nanos) {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
