package io.shadowindex.server.storage;

import java.util.function.Function;
import org.jooq.DSLContext;

/** How the stores reach the database. */
interface Transactions {

  /**
   * Runs a transaction and returns when it is durable. What it throws rolls it back and is thrown
   * here. May be run more than once.
   */
  <T> T write(Function<DSLContext, T> transaction);

  /**
   * Runs queries that all see the same moment. What they answer is durable: a crash after the
   * return does not take it back.
   */
  <T> T read(Function<DSLContext, T> query);

  /** Has the listener called after transactions have become durable; it must not block. */
  void onCommit(Runnable listener);
}
