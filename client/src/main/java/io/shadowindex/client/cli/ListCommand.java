package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ListShadowIndexesResponse;
import io.shadowindex.v1.ShadowIndex;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl list}. */
@Command(
    name = "list",
    description = "List builds, newest first.",
    footer = {
      "shadowctl list",
      "shadowctl list --branch main --state BUILDING,BUILT",
      "shadowctl list --state BUILT -o name"
    })
final class ListCommand extends ClientCommand {
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
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ListShadowIndexesRequest.Builder request =
        ListShadowIndexesRequest.newBuilder()
            .setBranchName(branch)
            .addAllStates(states)
            .setPageSize(limit);
    if (type != null) {
      request.setIndexType(type);
    }
    ListShadowIndexesResponse page = client.listShadowIndexes(request.build());
    ctl.show(page);
    Table table = new Table("ID", "STATE", "DONE", "RECORDS", "CREATED", "INDEX");
    page.getShadowIndexesList().forEach(build -> row(table, build));
    ctl.print(table);
    ctl.print(
        "%,d in all, %,d active, %,d ready to switch",
        page.getTotalCount(), page.getActiveBuilds(), page.getReadyForSwitch());
    return Exit.OK;
  }

  private static void row(Table table, ShadowIndex build) {
    table.row(
        build.getShadowIndexId(),
        build.getState(),
        build.getBuildProgressPercent() + "%",
        Words.text("%,d", build.getRecordCount()),
        Words.second(build.getCreatedAt()),
        build.getBranchName() + " " + build.getIndexType() + " " + build.getIndexName());
  }
}
