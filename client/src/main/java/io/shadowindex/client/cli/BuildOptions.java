package io.shadowindex.client.cli;

import io.shadowindex.v1.BuildConfig;
import io.shadowindex.v1.StartBuildRequest;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say what to build. */
final class BuildOptions {
  @Mixin private final IndexOptions index = new IndexOptions();

  @Option(
      names = "--resource-type",
      split = ",",
      paramLabel = "TYPE",
      defaultValue = "object_type",
      description = "What the index covers; repeatable; default ${DEFAULT-VALUE}.")
  private List<String> resourceTypes = List.of("object_type");

  @Option(
      names = "--probe-query",
      paramLabel = "QUERY",
      description = "What a switch tries out, such as field:term in Lucene; repeatable.")
  private List<String> probeQueries = List.of();

  IndexOptions index() {
    return index;
  }

  StartBuildRequest.Builder request() {
    return StartBuildRequest.newBuilder()
        .setBranchName(index.branch())
        .setIndexType(index.type())
        .setIndexName(index.name())
        .addAllResourceTypes(resourceTypes)
        .setBuildConfig(BuildConfig.newBuilder().addAllProbeQueries(probeQueries))
        .setServiceName("shadowctl");
  }
}
