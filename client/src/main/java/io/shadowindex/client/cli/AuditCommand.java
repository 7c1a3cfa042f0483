package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.AuditEntry;
import io.shadowindex.v1.ListAuditEntriesRequest;
import io.shadowindex.v1.ListAuditEntriesResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl audit}. */
@Command(
    name = "audit",
    description = "Say who changed what, or was refused to, newest first.",
    footer = {
      "shadowctl audit --branch main",
      "shadowctl audit --method SwitchIndex --limit 10 -o json"
    })
final class AuditCommand extends ClientCommand {
  private static final int LARGEST_PAGE = 1000;

  @Option(
      names = "--branch",
      paramLabel = "BRANCH",
      defaultValue = "",
      description = "Only calls about this branch.")
  private String branch = "";

  @Option(
      names = "--build",
      paramLabel = "ID",
      defaultValue = "",
      description = "Only calls about this build.")
  private String build = "";

  @Option(
      names = "--method",
      paramLabel = "RPC",
      defaultValue = "",
      description = "Only calls of this RPC, such as SwitchIndex.")
  private String method = "";

  @Option(
      names = "--result",
      paramLabel = "RESULT",
      defaultValue = "",
      description = "Only calls that ended so: OK, UNSUCCESSFUL, or the name of a status.")
  private String result = "";

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "How many at most; default ${DEFAULT-VALUE}.")
  private int limit;

  AuditCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ListAuditEntriesRequest.Builder request =
        ListAuditEntriesRequest.newBuilder()
            .setBranchName(branch)
            .setShadowIndexId(build)
            .setMethod(method)
            .setResult(result);
    ListAuditEntriesResponse.Builder all = ListAuditEntriesResponse.newBuilder();
    do {
      request.setPageSize(Math.min(limit - all.getEntriesCount(), LARGEST_PAGE));
      ListAuditEntriesResponse page = client.listAuditEntries(request.build());
      all.addAllEntries(page.getEntriesList()).setNextPageToken(page.getNextPageToken());
      request.setPageToken(page.getNextPageToken());
    } while (all.getEntriesCount() < limit && !request.getPageToken().isEmpty());
    ctl.show(all.build());
    Table table = new Table("WHEN", "WHO", "CALL", "RESULT", "ABOUT");
    all.getEntriesList().forEach(entry -> row(table, entry));
    ctl.print(table);
    return Exit.OK;
  }

  private static void row(Table table, AuditEntry entry) {
    table.row(
        Words.second(entry.getOccurredAt()),
        who(entry),
        entry.getMethod() + (entry.getForced() ? "!" : ""),
        entry.getResult() + (entry.getReason().isEmpty() ? "" : " " + entry.getReason()),
        entry.getBranchName() + " " + entry.getShadowIndexId() + entry.getLockId());
  }

  private static String who(AuditEntry entry) {
    if (!entry.getPrincipal().isEmpty()) {
      return entry.getPrincipal();
    }
    return entry.getPeer().isEmpty() ? "the server" : entry.getPeer();
  }
}
