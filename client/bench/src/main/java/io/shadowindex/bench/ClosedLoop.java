package io.shadowindex.bench;

import java.time.Duration;
import java.util.List;

/**
 * Clients that each make a call as soon as the one before was answered: the most that so many
 * clients get. Its latencies are those of a server under exactly that load; what a client would
 * have waited that wanted to call meanwhile is not in them, see {@link OpenLoop}.
 */
final class ClosedLoop {

  private ClosedLoop() {}

  /** Calls for so long, and counts nothing. */
  static void heatUp(List<? extends Call> clients, Duration time) throws Exception {
    var _ = run(clients, time, Duration.ZERO);
  }

  /** Calls for so long without counting, then for so long counting. */
  static Sample run(List<? extends Call> clients, Duration warmUp, Duration measured)
      throws Exception {
    long from = System.nanoTime() + warmUp.toNanos();
    long until = from + measured.toNanos();
    var latencies =
        Clients.run(
            clients,
            (call, recorded) -> {
              for (long began = System.nanoTime(); began < until; ) {
                call.make();
                long ended = System.nanoTime();
                if (ended >= from && ended <= until) {
                  recorded.recordValue(Sample.bounded(ended - began));
                }
                began = ended;
              }
            });
    return new Sample(latencies.getTotalCount() / (measured.toNanos() / 1e9), latencies);
  }
}
