package io.shadowindex.client.cli;

import com.google.protobuf.Struct;
import com.google.protobuf.util.Values;
import java.util.List;

/**
 * What developers noticed of a day of rebuilds.
 *
 * @param blockedNanos for how long each developer was kept out at a time, as of a real day, sorted
 * @param developers how many there were
 * @param writes how many writes were made
 * @param refused how many were refused at the first try
 * @param dayNanos how long a real day is
 */
record ScenarioResult(
    Scenario.Way way,
    List<Long> blockedNanos,
    int developers,
    long writes,
    long refused,
    double dayNanos) {

  static final String HEADING =
      Words.text(
          "%-22s %12s %12s %16s %8s %8s %10s",
          "way", "blocked p50", "blocked p99", "total/developer", "writes", "refused", "writable");

  ScenarioResult {
    blockedNanos = List.copyOf(blockedNanos);
  }

  /** For programs; times in milliseconds. */
  Struct fields() {
    return Struct.newBuilder()
        .putFields("way", Values.of(way.words()))
        .putFields("developers", Values.of(developers))
        .putFields("blocked_p50_ms", Values.of(quantile(0.50) / 1e6))
        .putFields("blocked_p99_ms", Values.of(quantile(0.99) / 1e6))
        .putFields("blocked_ms_per_developer", Values.of(total() / 1e6))
        .putFields("writes", Values.of((double) writes))
        .putFields("refused", Values.of((double) refused))
        .build();
  }

  /** For people. */
  String row() {
    return Words.text(
        "%-22s %12s %12s %16s %,8d %,8d %9.4f%%",
        way.words(),
        time(quantile(0.50)),
        time(quantile(0.99)),
        time(total()),
        writes,
        refused,
        100 * (1 - total() / dayNanos));
  }

  private double total() {
    return blockedNanos.stream().mapToLong(Long::longValue).sum() / (double) developers;
  }

  /** Of the times that somebody was kept out at all. */
  private double quantile(double share) {
    return blockedNanos.isEmpty()
        ? 0
        : blockedNanos.get((int) Math.ceil(share * blockedNanos.size()) - 1);
  }

  private static String time(double nanos) {
    return nanos < 1e9
        ? Words.text("%.1f ms", nanos / 1e6)
        : nanos < 60e9 ? Words.text("%.1f s", nanos / 1e9) : Words.text("%.1f min", nanos / 60e9);
  }
}
