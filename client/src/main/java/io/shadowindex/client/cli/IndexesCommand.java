package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.Index;
import io.shadowindex.v1.ListIndexesRequest;
import io.shadowindex.v1.ListIndexesResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl indexes}. */
@Command(
    name = "indexes",
    description = "List indexes with their live generations.",
    footer = {"shadowctl indexes", "shadowctl indexes --branch main -o name"})
final class IndexesCommand extends ClientCommand {
  @Option(
      names = "--branch",
      paramLabel = "BRANCH",
      defaultValue = "",
      description = "Only indexes of this branch.")
  private String branch = "";

  IndexesCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ListIndexesRequest.Builder request = ListIndexesRequest.newBuilder().setBranchName(branch);
    ListIndexesResponse.Builder all = ListIndexesResponse.newBuilder();
    do {
      ListIndexesResponse page = client.listIndexes(request.build());
      all.addAllIndexes(page.getIndexesList());
      request.setPageToken(page.getNextPageToken());
    } while (!request.getPageToken().isEmpty());
    ctl.show(all.build());
    Table table = new Table("BRANCH", "TYPE", "NAME", "LIVE", "RECORDS", "KEPT");
    all.getIndexesList().forEach(index -> row(table, index));
    ctl.print(table);
    ctl.print("%,d in all", all.getIndexesCount());
    return Exit.OK;
  }

  private static void row(Table table, Index index) {
    table.row(
        index.getBranchName(),
        index.getIndexType(),
        index.getIndexName(),
        index.hasActiveGeneration() ? index.getActiveGeneration().getShadowIndexId() : "-",
        Words.text("%,d", index.getActiveGeneration().getRecordCount()),
        index.getRetainedGenerationsCount());
  }
}
