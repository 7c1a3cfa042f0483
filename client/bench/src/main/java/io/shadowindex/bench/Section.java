package io.shadowindex.bench;

import java.util.List;

/**
 * What one measure found.
 *
 * @param title what was measured
 * @param method how, and what the figures are
 * @param targets what was to be reached
 * @param plots the figures to draw, one chart each
 */
record Section(
    String id, String title, String method, Table table, List<Target> targets, List<String> plots) {

  /** A measure that could not be made, and why. */
  static Section failed(String id, Exception cause) {
    return new Section(
        id, id, "Not measured: " + cause.getMessage(), new Table(), List.of(), List.of());
  }
}
