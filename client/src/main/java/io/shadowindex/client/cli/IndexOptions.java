package io.shadowindex.client.cli;

import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.IndexType;
import picocli.CommandLine.Option;

/** The options that name one index. */
final class IndexOptions {
  @Option(
      names = "--branch",
      required = true,
      paramLabel = "BRANCH",
      description = "The branch. Required.")
  private String branch = "";

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      defaultValue = "SEARCH_INDEX",
      description =
          "SEARCH_INDEX, GRAPH_INDEX, SCHEMA_INDEX or VALIDATION_INDEX; default ${DEFAULT-VALUE}.")
  private IndexType.Enum type = IndexType.Enum.SEARCH_INDEX;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Tells several indexes of one type apart; default '${DEFAULT-VALUE}'.")
  private String name = "default";

  String branch() {
    return branch;
  }

  IndexType.Enum type() {
    return type;
  }

  String name() {
    return name;
  }

  GetIndexRequest get() {
    return GetIndexRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(type)
        .setIndexName(name)
        .build();
  }
}
