package io.shadowindex.bench;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Calls that fall due at a fixed rate, whether or not those before have been answered, as they do
 * where many people use a server. A latency counts from when the call was due, so that a server
 * that stands still for a moment is charged for every call that came in that moment (no coordinated
 * omission).
 */
final class OpenLoop {

  private OpenLoop() {}

  /** Calls at that rate for so long; due calls wait for a free client. */
  static Sample run(List<? extends Call> clients, double perSecond, Duration measured)
      throws Exception {
    long interval = Math.max(1, (long) (1e9 / perSecond));
    long calls = measured.toNanos() / interval;
    long began = System.nanoTime();
    var next = new AtomicLong();
    var latencies =
        Clients.run(
            clients,
            (call, recorded) -> {
              for (long n = next.getAndIncrement(); n < calls; n = next.getAndIncrement()) {
                long due = began + n * interval;
                await(due);
                call.make();
                recorded.recordValue(Sample.bounded(System.nanoTime() - due));
              }
            });
    return new Sample(calls / ((System.nanoTime() - began) / 1e9), latencies);
  }

  /** Waits until that {@link System#nanoTime}. */
  static void await(long due) {
    for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
