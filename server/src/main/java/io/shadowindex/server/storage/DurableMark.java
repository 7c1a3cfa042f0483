package io.shadowindex.server.storage;

import io.shadowindex.server.refusal.Refusal;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How far the log on disk has caught up with what readers can see. A transaction is visible from
 * its commit but durable only from the checkpoint after it; a reader that answered in between would
 * tell of something that a power cut could still undo.
 */
final class DurableMark {

  private final ReentrantLock monitor = new ReentrantLock();
  private final Condition advanced = monitor.newCondition();
  private volatile long begun;
  private volatile long durable;
  private volatile boolean failed;

  /** The writer is about to commit the next batch. Called by one thread. */
  void beginBatch() {
    begun = durable + 1;
  }

  /** What was committed since {@link #beginBatch} is durable. */
  void endBatch() {
    monitor.lock();
    try {
      durable = begun;
      advanced.signalAll();
    } finally {
      monitor.unlock();
    }
  }

  /** It never will be. */
  void fail() {
    monitor.lock();
    try {
      failed = true;
      advanced.signalAll();
    } finally {
      monitor.unlock();
    }
  }

  /** Returns once everything that can be seen at the call is durable. */
  void awaitWhatIsVisible() {
    long seen = begun;
    if (durable >= seen) {
      return;
    }
    monitor.lock();
    try {
      while (durable < seen) {
        if (failed) {
          throw new Refusal.OutcomeUnknown().exception();
        }
        advanced.awaitUninterruptibly();
      }
    } finally {
      monitor.unlock();
    }
  }
}
