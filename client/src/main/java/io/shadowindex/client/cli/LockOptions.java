package io.shadowindex.client.cli;

import picocli.CommandLine.Option;

/** The options of commands that need the lock. */
final class LockOptions {
  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = "How long to wait for the lock; default ${DEFAULT-VALUE}.")
  private int timeoutSeconds;

  int timeoutSeconds() {
    return timeoutSeconds;
  }
}
