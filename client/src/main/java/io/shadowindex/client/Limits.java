package io.shadowindex.client;

import java.time.Duration;

/**
 * How long a client waits.
 *
 * @param call the deadline of ordinary calls
 * @param reading that of calls that the server answers after it has read the files of an index
 * @param patience how long a server that has gone away is tried again
 * @param heartbeat how often a worker says that it is alive
 */
record Limits(Duration call, Duration reading, Duration patience, Duration heartbeat) {
  static final Limits DEFAULT =
      new Limits(
          Duration.ofSeconds(30),
          Duration.ofHours(2),
          Duration.ofMinutes(1),
          Duration.ofSeconds(20));
}
