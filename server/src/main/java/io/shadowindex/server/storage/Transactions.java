package io.shadowindex.server.storage;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jooq.DSLContext;

/** How the stores reach the database. */
interface Transactions {

  /**
   * Runs a transaction and returns when it is durable. What it throws rolls it back and is thrown
   * here. May be run more than once.
   */
  default <T> T write(Function<DSLContext, T> transaction) {
    return write(transaction, answer -> {});
  }

  /**
   * The same for something that others are told of.
   *
   * @param told given what a transaction answers once that is durable, in the order of the commits
   *     and before anything is answered here; must neither block nor throw
   */
  <T> T write(Function<DSLContext, T> transaction, Consumer<T> told);

  /**
   * Queues a transaction and returns before it has run; what was queued before it runs before.
   *
   * @return done when it is durable, or with what it threw
   */
  <T> CompletionStage<T> writeLater(Function<DSLContext, T> transaction);

  /**
   * Runs work that {@link #write}s several times: no write of others comes between, and none of
   * them waits behind others. Each is durable when it returns, as ever. The others wait meanwhile,
   * so the work waits for nothing but the disk. What it throws is thrown here, and undoes nothing.
   *
   * @param deadline the {@link System#nanoTime} after which it is not begun any more, and the
   *     answer is empty; once begun it is carried out to its end
   */
  <T> Optional<T> exclusively(Work<T> work, long deadline) throws IOException;

  /** What is done exclusively. */
  @FunctionalInterface
  interface Work<T> {
    T run() throws IOException;
  }

  /**
   * Runs queries that all see the same moment. What they answer is durable: a crash after the
   * return does not take it back.
   */
  <T> T read(Function<DSLContext, T> query);

  /** Has the listener called after transactions have become durable; it must not block. */
  void onCommit(Runnable listener);
}
