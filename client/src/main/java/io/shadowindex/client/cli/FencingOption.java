package io.shadowindex.client.cli;

import picocli.CommandLine.Option;

/** The option with which a worker that was replaced is refused. */
final class FencingOption {
  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      defaultValue = "0",
      description =
          "The token that start, claim or retry printed: refused once a later one has been; default:"
              + " not looked at.")
  private long token;

  long token() {
    return token;
  }
}
