package io.shadowindex.client.cli;

import io.shadowindex.v1.SwitchIndexRequest;
import picocli.CommandLine.Option;

/** The options that every switch knows. */
final class SwitchOptions {
  @Option(names = "--force", description = "Switch even when a check fails.")
  private boolean force;

  @Option(
      names = "--backup",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Keep the replaced generation for the retention time; the default.")
  private boolean backup = true;

  SwitchIndexRequest.Builder request(String id) {
    return SwitchIndexRequest.newBuilder()
        .setShadowIndexId(id)
        .setForceSwitch(force)
        .setBackupCurrent(backup);
  }
}
