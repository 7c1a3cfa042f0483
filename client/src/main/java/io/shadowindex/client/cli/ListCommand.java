package io.shadowindex.client.cli;

import com.google.protobuf.util.Timestamps;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ListShadowIndexesResponse;
import io.shadowindex.v1.ShadowIndex;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl list}. */
@Command(name = "list", description = "List builds, newest first.")
final class ListCommand implements Callable<Integer> {
  private static final String ROW = "%-36s  %-10s  %4s  %12s  %-20s  %s";

  private final ShadowCtl ctl;

  @Option(
      names = "--branch",
      paramLabel = "BRANCH",
      defaultValue = "",
      description = "Only builds of this branch.")
  private String branch = "";

  @Option(names = "--type", paramLabel = "TYPE", description = "Only builds of this type of index.")
  private IndexType.@Nullable Enum type;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      split = ",",
      description = "Only builds in this state; repeatable.")
  private List<ShadowIndex.State> states = List.of();

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "How many at most, 1 to 1000; default ${DEFAULT-VALUE}.")
  private int limit;

  ListCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    ListShadowIndexesRequest.Builder request =
        ListShadowIndexesRequest.newBuilder()
            .setBranchName(branch)
            .addAllStates(states)
            .setPageSize(limit);
    if (type != null) {
      request.setIndexType(type);
    }
    try (ShadowIndexClient client = ctl.connect()) {
      ListShadowIndexesResponse page = client.listShadowIndexes(request.build());
      if (page.getShadowIndexesCount() > 0) {
        ctl.print(ROW, "ID", "STATE", "DONE", "RECORDS", "CREATED", "INDEX");
        page.getShadowIndexesList().forEach(this::printRow);
      }
      ctl.print(
          "%,d in all, %,d active, %,d ready to switch",
          page.getTotalCount(), page.getActiveBuilds(), page.getReadyForSwitch());
      return Exit.OK.code();
    }
  }

  private void printRow(ShadowIndex build) {
    ctl.print(
        ROW,
        build.getShadowIndexId(),
        build.getState(),
        build.getBuildProgressPercent() + "%",
        Words.text("%,d", build.getRecordCount()),
        Timestamps.toString(build.getCreatedAt().toBuilder().setNanos(0).build()), // to the second
        build.getBranchName() + " " + build.getIndexType() + " " + build.getIndexName());
  }
}
