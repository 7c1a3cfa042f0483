package io.shadowindex.client.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Gives work that Ctrl-C (or SIGTERM) interrupts the time to end in good order: the process asks it
 * to stop and goes down when the guard is closed, after ten seconds at the latest.
 */
final class InterruptGuard implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread hook;

  /**
   * Guards from now on.
   *
   * @param stop asks the work to stop, from another thread
   */
  InterruptGuard(Runnable stop) {
    hook = new Thread(() -> stopAndWait(stop), "interrupt-guard");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  @Override
  public void close() {
    ended.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is going down, so the hook is running and has just been told to end.
    }
  }

  private void stopAndWait(Runnable stop) {
    stop.run();
    try {
      ended.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
