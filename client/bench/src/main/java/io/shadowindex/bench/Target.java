package io.shadowindex.bench;

import java.util.OptionalDouble;

/**
 * A number to reach and what was measured.
 *
 * @param what what the number is, its unit included
 * @param least whether it is a lower bound, or else an upper one
 * @param bound the number to reach
 * @param measured empty when it was not measured
 */
record Target(String what, boolean least, double bound, OptionalDouble measured) {

  static Target atLeast(double bound, String what, OptionalDouble measured) {
    return new Target(what, true, bound, measured);
  }

  static Target atMost(double bound, String what, OptionalDouble measured) {
    return new Target(what, false, bound, measured);
  }

  /** In one word or two. */
  String verdict() {
    if (measured.isEmpty()) {
      return "not measured";
    }
    double value = measured.getAsDouble();
    return (least ? value >= bound : value <= bound) ? "reached" : "missed";
  }
}
