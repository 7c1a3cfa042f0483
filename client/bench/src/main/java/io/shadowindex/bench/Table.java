package io.shadowindex.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** Figures by what was measured and under which load: their values in every round, in order. */
final class Table {

  /** Who was measured, doing what. */
  record Row(String subject, String load) {}

  private final Map<Row, Map<String, List<Double>>> rows = new LinkedHashMap<>();

  /** Adds the value of one round; the unit is in the figure's name. */
  Table add(String subject, String load, String figure, double value) {
    rows.computeIfAbsent(new Row(subject, load), row -> new LinkedHashMap<>())
        .computeIfAbsent(figure, name -> new ArrayList<>())
        .add(value);
    return this;
  }

  /** The rows in the order they came. */
  Map<Row, Map<String, List<Double>>> rows() {
    return rows;
  }

  /** The names of all figures in the order they came. */
  List<String> figures() {
    return rows.values().stream().flatMap(figures -> figures.keySet().stream()).distinct().toList();
  }

  /** The median of a figure's rounds; empty when it was not measured. */
  OptionalDouble median(String subject, String load, String figure) {
    return median(
        rows.getOrDefault(new Row(subject, load), Map.of()).getOrDefault(figure, List.of()));
  }

  static OptionalDouble median(List<Double> rounds) {
    List<Double> sorted = rounds.stream().sorted().toList();
    int half = sorted.size() / 2;
    return sorted.isEmpty()
        ? OptionalDouble.empty()
        : OptionalDouble.of(
            sorted.size() % 2 == 1
                ? sorted.get(half)
                : (sorted.get(half - 1) + sorted.get(half)) / 2);
  }

  /** By how much the medians of two rows differ, as a ratio; empty when one was not measured. */
  OptionalDouble ratio(String subject, String other, String load, String figure) {
    return ratio(median(subject, load, figure), median(other, load, figure));
  }

  static OptionalDouble ratio(OptionalDouble dividend, OptionalDouble divisor) {
    return dividend.isPresent() && divisor.isPresent() && divisor.getAsDouble() != 0
        ? OptionalDouble.of(dividend.getAsDouble() / divisor.getAsDouble())
        : OptionalDouble.empty();
  }
}
