package io.shadowindex.bench;

import java.util.List;
import java.util.Locale;

/** Figures as people read them. */
final class Numbers {

  private Numbers() {}

  /** Three digits at least, and no more than that behind the point. */
  static String text(double value) {
    double size = Math.abs(value);
    String format =
        size == 0 || size >= 100 ? "%,.0f" : size >= 10 ? "%,.1f" : size >= 1 ? "%,.2f" : "%,.3f";
    return String.format(Locale.ROOT, format, value);
  }

  /** The median of all rounds, and the least and the greatest where there is more than one. */
  static String spread(List<Double> rounds) {
    String median = text(Table.median(rounds).orElseThrow());
    return rounds.size() == 1
        ? median
        : "%s (%s – %s)"
            .formatted(
                median,
                text(rounds.stream().min(Double::compare).orElseThrow()),
                text(rounds.stream().max(Double::compare).orElseThrow()));
  }
}
