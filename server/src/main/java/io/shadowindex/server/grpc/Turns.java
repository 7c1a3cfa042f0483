package io.shadowindex.server.grpc;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;

/**
 * Lets so many calls run at a time. The others wait in the line of their connection, and lines take
 * turns: whoever has one call waits for one of each other connection, however many those have.
 */
final class Turns {

  private final Object monitor = new Object();
  private final int atOnce;

  /** Lines in which somebody waits, beginning with the one whose turn it is. */
  private final Deque<Line> lines = new ArrayDeque<>();

  private int running;
  private int waiting;

  /** The calls of one connection that wait, as they came; each gets a permit when it may run. */
  static final class Line {
    private final Deque<Semaphore> calls = new ArrayDeque<>();
  }

  Turns(int atOnce) {
    this.atOnce = atOnce;
  }

  /** Returns when a call may run; it has to {@link #pass} the turn on then. */
  void take(Line line) {
    Semaphore turn;
    synchronized (monitor) {
      if (running < atOnce) {
        running++;
        return;
      }
      waiting++;
      turn = new Semaphore(0);
      line.calls.add(turn);
      if (line.calls.size() == 1) {
        lines.add(line);
      }
    }
    turn.acquireUninterruptibly();
  }

  /** Gives the turn of a call that has run to the next one. */
  void pass() {
    Semaphore next;
    synchronized (monitor) {
      Line line = lines.poll();
      if (line == null) {
        running--;
        return;
      }
      waiting--;
      next = line.calls.remove();
      if (!line.calls.isEmpty()) {
        lines.add(line);
      }
    }
    next.release();
  }

  /** How many calls wait. */
  int waiting() {
    synchronized (monitor) {
      return waiting;
    }
  }
}
