package io.shadowindex.server.config;

import java.time.Duration;

/**
 * What watches and workers may do, and how much of the log is kept for them.
 *
 * @param lease how long a worker may be silent before its build is stalled
 * @param staleLimit how long all workers of a build may be silent before it is FAILED
 * @param keepLog how long events are kept
 * @param keepEvents how many of the newest events are kept at most
 * @param maxStreams how many watches and worker streams there may be
 * @param maxStreamsPerConnection how many of them in one connection; ten other calls fit in beside
 * @param opening how long a worker's stream may be open before its first report
 * @param reportsPerSecond how many reports one stream may bring in a second
 */
public record StreamConfig(
    Duration lease,
    Duration staleLimit,
    Duration keepLog,
    long keepEvents,
    int maxStreams,
    int maxStreamsPerConnection,
    Duration opening,
    int reportsPerSecond) {

  public static final StreamConfig DEFAULT =
      new StreamConfig(
          Duration.ofSeconds(60),
          Duration.ofHours(6),
          Duration.ofDays(7),
          1_000_000,
          10_000,
          90,
          Duration.ofSeconds(10),
          250_000);
}
