package io.shadowindex.client.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Timestamps;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.AuditEntry;
import io.shadowindex.v1.ListAuditEntriesRequest;
import io.shadowindex.v1.ListAuditEntriesResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl audit}. */
@Command(name = "audit", description = "Say who changed what, or was refused to, newest first.")
final class AuditCommand implements Callable<Integer> {
  private static final int LARGEST_PAGE = 1000;

  private final ShadowCtl ctl;

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

  @Option(names = "--json", description = "Print all that is known, one JSON object for each call.")
  private boolean json;

  AuditCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() throws InvalidProtocolBufferException {
    ListAuditEntriesRequest.Builder request =
        ListAuditEntriesRequest.newBuilder()
            .setBranchName(branch)
            .setShadowIndexId(build)
            .setMethod(method)
            .setResult(result);
    try (ShadowIndexClient client = ctl.connect()) {
      int left = limit;
      do {
        request.setPageSize(Math.min(left, LARGEST_PAGE));
        ListAuditEntriesResponse page = client.listAuditEntries(request.build());
        for (AuditEntry entry : page.getEntriesList()) {
          print(entry);
        }
        left -= page.getEntriesCount();
        request.setPageToken(page.getNextPageToken());
      } while (left > 0 && !request.getPageToken().isEmpty());
      return Exit.OK.code();
    }
  }

  private void print(AuditEntry entry) throws InvalidProtocolBufferException {
    if (json) {
      ctl.print("%s", Json.line(entry));
      return;
    }
    ctl.print(
        "%-20s  %-21s  %-13s  %-19s  %s",
        Timestamps.toString(entry.getOccurredAt().toBuilder().setNanos(0).build()), // to the second
        entry.getPrincipal().isEmpty() ? entry.getPeer() : entry.getPrincipal(),
        entry.getMethod() + (entry.getForced() ? "!" : ""),
        entry.getResult() + (entry.getReason().isEmpty() ? "" : " " + entry.getReason()),
        entry.getBranchName() + " " + entry.getShadowIndexId() + entry.getLockId());
  }
}
