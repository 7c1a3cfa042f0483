package io.shadowindex.client.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Rows under headings. */
final class Table {
  private static final String GAP = "  ";
  private static final String CUT = "~";

  private final List<String> headings;
  private final List<List<String>> rows = new ArrayList<>();

  Table(String... headings) {
    this.headings = List.of(headings);
  }

  /** Adds a row with a cell for each heading. */
  void row(Object... cells) {
    rows.add(Arrays.stream(cells).map(String::valueOf).toList());
  }

  /**
   * Prints it, or nothing when there are no rows; on a terminal that is too narrow a block of lines
   * for each row, so that nothing is lost.
   */
  void print(Output output) {
    if (rows.isEmpty()) {
      return;
    }
    List<String> lines = lines();
    int width = lines.stream().mapToInt(String::length).max().orElse(0);
    if (width <= output.columns()) {
      lines.forEach(output.out()::println);
    } else {
      rows.forEach(row -> block(row, output.out()));
    }
  }

  /** The headings and each row, cut to so many columns. */
  List<String> lines(int columns) {
    return lines().stream().map(line -> cut(line, columns)).toList();
  }

  /** A line that fits, with a mark where something is missing. */
  static String cut(String line, int columns) {
    return line.length() <= columns ? line : line.substring(0, columns - 1) + CUT;
  }

  private List<String> lines() {
    List<List<String>> all = new ArrayList<>(rows);
    all.addFirst(headings);
    int[] widths =
        IntStream.range(0, headings.size())
            .map(column -> all.stream().mapToInt(line -> line.get(column).length()).max().orElse(0))
            .toArray();
    return all.stream().map(line -> padded(line, widths)).toList();
  }

  private void block(List<String> row, PrintWriter out) {
    int width = headings.stream().mapToInt(String::length).max().orElse(0);
    for (int i = 0; i < row.size(); i++) {
      out.println(padded(List.of(headings.get(i), row.get(i)), new int[] {width, 0}));
    }
    out.println();
  }

  private static String padded(List<String> cells, int[] widths) {
    return IntStream.range(0, cells.size())
        .mapToObj(i -> cells.get(i) + " ".repeat(Math.max(0, widths[i] - cells.get(i).length())))
        .collect(Collectors.joining(GAP))
        .stripTrailing();
  }
}
