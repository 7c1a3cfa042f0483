package io.shadowindex.client.cli;

import picocli.CommandLine.Option;

/** Who acts; everybody else is told that name. */
final class OwnerOption {
  @Option(
      names = "--owner",
      paramLabel = "NAME",
      defaultValue = "${sys:user.name}",
      description = "Who you are; default ${DEFAULT-VALUE}.")
  private String name = "";

  String name() {
    return name;
  }
}
