package io.shadowindex.client.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/** What somebody probably meant. */
final class Suggestion {
  private Suggestion() {}

  /** Says that a word is none of those known, and which one is like it. */
  static String noneOf(String word, Collection<String> known) {
    return "'"
        + word
        + "' is none of "
        + String.join(", ", known)
        + closest(word, known).map(close -> "; did you mean " + close + "?").orElse("");
  }

  /**
   * The word that takes the fewest changes of a letter, where those are fewer than half of them.
   */
  static Optional<String> closest(String word, Collection<String> known) {
    return known.stream()
        .min(Comparator.comparingInt(candidate -> distance(word, candidate)))
        .filter(candidate -> distance(word, candidate) * 2 < candidate.length());
  }

  /** Levenshtein's, whatever the case; a dash counts as an underscore. */
  private static int distance(String first, String second) {
    String from = first.toLowerCase(Locale.ROOT).replace('-', '_');
    String to = second.toLowerCase(Locale.ROOT).replace('-', '_');
    int[] above = IntStream.rangeClosed(0, to.length()).toArray();
    for (int i = 1; i <= from.length(); i++) {
      int[] row = new int[above.length];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = above[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, Math.min(above[j], row[j - 1]) + 1);
      }
      above = row;
    }
    return above[to.length()];
  }
}
