package io.shadowindex.server.switchover;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What validation found of a build.
 *
 * @param damage one sentence for each file that is missing, extra, unsafe, or not what the manifest
 *     says; cannot be forced
 * @param failedChecks one sentence for each thing that a requested check has against the index
 *     although its files are those that were completed; can be forced
 * @param warnings what is worth knowing but stops nothing
 * @param speedup how many times as fast as the live generation the new one answers the probe
 *     queries; null unless both were measured
 */
public record ValidationReport(
    List<String> damage,
    List<String> failedChecks,
    List<String> warnings,
    @Nullable Double speedup) {

  public ValidationReport {
    damage = List.copyOf(damage);
    failedChecks = List.copyOf(failedChecks);
    warnings = List.copyOf(warnings);
  }

  ValidationReport(List<String> damage, List<String> failedChecks, List<String> warnings) {
    this(damage, failedChecks, warnings, null);
  }

  /** The same with what the probe before the switch found. */
  ValidationReport with(SwitchProbe.Findings probed) {
    return new ValidationReport(
        damage,
        Stream.concat(failedChecks.stream(), probed.failures().stream()).toList(),
        Stream.concat(warnings.stream(), probed.warnings().stream()).toList(),
        probed.speedup());
  }

  ValidationReport withWarning(String warning) {
    return new ValidationReport(
        damage,
        failedChecks,
        Stream.concat(warnings.stream(), Stream.of(warning)).toList(),
        speedup);
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
