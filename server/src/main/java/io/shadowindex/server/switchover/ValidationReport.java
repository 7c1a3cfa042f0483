package io.shadowindex.server.switchover;

import java.util.List;
import java.util.stream.Stream;

/**
 * What validation found of a build.
 *
 * @param damage one sentence for each file that is missing, extra, unsafe, or not what the manifest
 *     says; cannot be forced
 * @param failedChecks one sentence for each thing that a requested check has against the index
 *     although its files are those that were completed; can be forced
 * @param warnings what is worth knowing but stops nothing
 */
public record ValidationReport(
    List<String> damage, List<String> failedChecks, List<String> warnings) {

  public ValidationReport {
    damage = List.copyOf(damage);
    failedChecks = List.copyOf(failedChecks);
    warnings = List.copyOf(warnings);
  }

  public boolean passed() {
    return damage.isEmpty() && failedChecks.isEmpty();
  }

  /** Whether a switch may go ahead when the caller insists. */
  public boolean canBeForced() {
    return damage.isEmpty();
  }

  /** Everything that was found against the build. */
  public List<String> errors() {
    return Stream.concat(damage.stream(), failedChecks.stream()).toList();
  }
}
