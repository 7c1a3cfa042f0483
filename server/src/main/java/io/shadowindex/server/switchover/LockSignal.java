package io.shadowindex.server.switchover;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Wakes those who wait for a lock when one is released, so that nobody polls.
 *
 * <p>A waiter reads {@link #releases} before it tries for the lock and waits for a later number, so
 * a release between the attempt and the wait is not missed.
 */
final class LockSignal {

  private final ReentrantLock monitor = new ReentrantLock();
  private final Condition released = monitor.newCondition();
  private long releases;

  long releases() {
    monitor.lock();
    try {
      return releases;
    } finally {
      monitor.unlock();
    }
  }

  void release() {
    monitor.lock();
    try {
      releases++;
      released.signalAll();
    } finally {
      monitor.unlock();
    }
  }

  /** Waits for a release after the one numbered {@code seen}; false when the time is up before. */
  boolean awaitAfter(long seen, long nanos) {
    monitor.lock();
    try {
      long left = nanos;
      while (releases == seen) {
        if (left <= 0) {
          return false;
        }
        left = released.awaitNanos(left);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      monitor.unlock();
    }
  }
}
