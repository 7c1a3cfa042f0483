package io.shadowindex.bench;

import java.util.List;

/** Some records of a server that makes writes durable and tells watchers of them. */
interface Store extends AutoCloseable {

  String name();

  /**
   * A client with a connection and a record of its own. Each of its calls makes one durable write
   * to that record.
   */
  Call writer();

  /**
   * Has watchers of all records that exist, each with a stream of its own, and returns once none of
   * them misses what follows. They end when this is closed.
   *
   * @param watchers called with the number of writes that a message tells of, each by one call at a
   *     time
   */
  void watch(List<? extends Delivery> watchers) throws Exception;

  /** Takes a number of writes that have been told of. */
  @FunctionalInterface
  interface Delivery {
    void of(int writes);
  }

  Launched process();

  /** Closes the connections. */
  @Override
  void close();
}
