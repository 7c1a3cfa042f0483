package io.shadowindex.server.access;

import static java.util.stream.Collectors.joining;

import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * Somebody who calls.
 *
 * @param name as in the audit log; empty when nobody was asked
 * @param branches names of branches with commas between them, in which {@code *} stands for any
 *     characters
 */
public record Principal(String name, Role role, String branches) {

  private static final String EVERY_BRANCH = "*";

  /** Whoever calls a server that asks nobody. */
  public static final Principal NOBODY_ASKED = new Principal("", Role.ADMIN, EVERY_BRANCH);

  /** Somebody who may do everything. */
  static Principal admin(String name) {
    return new Principal(name, Role.ADMIN, EVERY_BRANCH);
  }

  public boolean isRestricted() {
    return !branches.equals(EVERY_BRANCH);
  }

  public boolean mayUse(String branchName) {
    return !isRestricted()
        || Arrays.stream(branches.split(",", -1))
            .anyMatch(pattern -> Pattern.matches(expression(pattern), branchName));
  }

  private static String expression(String pattern) {
    return Arrays.stream(pattern.split("\\*", -1)).map(Pattern::quote).collect(joining(".*"));
  }
}
