package io.shadowindex.bench;

/** One operation of one client; returns when it has been answered. */
@FunctionalInterface
interface Call {
  void make() throws Exception;
}
