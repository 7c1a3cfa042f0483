package io.shadowindex.server.build;

/**
 * How long a build will still take, in seconds.
 *
 * @param shortest 0 or more
 * @param likely at least {@code shortest}
 * @param longest at least {@code likely}
 */
public record Estimate(int shortest, int likely, int longest) {

  /** Rounded up to whole seconds, in order, and at least one: what is not done takes time. */
  static Estimate within(double shortest, double likely, double longest) {
    int middle = seconds(likely);
    return new Estimate(
        Math.min(middle, seconds(shortest)), middle, Math.max(middle, seconds(longest)));
  }

  /** A worker's own, of which no range is known. */
  static Estimate exactly(double seconds, boolean mayBeOver) {
    int whole =
        mayBeOver ? (int) Math.clamp(Math.ceil(seconds), 0, Integer.MAX_VALUE) : seconds(seconds);
    return new Estimate(whole, whole, whole);
  }

  private static int seconds(double seconds) {
    return (int) Math.clamp(Math.ceil(seconds), 1, Integer.MAX_VALUE);
  }
}
