package io.shadowindex.bench;

/** A server that makes writes durable and tells watchers of them. */
interface Store extends AutoCloseable {

  String name();

  /**
   * A client with a connection and a record of its own. Each of its calls makes one durable write
   * to that record.
   */
  Call writer();

  /**
   * Watches all records that exist, in a stream of its own, and returns once nothing that follows
   * is missed.
   *
   * @param delivered called with the number of writes that a message tells of, one call at a time
   */
  void watch(Delivery delivered) throws InterruptedException;

  /** Takes a number of writes that have been told of. */
  @FunctionalInterface
  interface Delivery {
    void of(int writes);
  }

  Launched process();

  @Override
  void close();
}
