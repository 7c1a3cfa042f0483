package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.CheckIndexesRequest;
import io.shadowindex.v1.CheckIndexesResponse;
import picocli.CommandLine.Command;

/** {@code shadowctl doctor}. */
@Command(
    name = "doctor",
    description = "Say where live links, database and files do not agree; changes nothing.",
    footer = {"shadowctl doctor"})
final class DoctorCommand extends ClientCommand {
  DoctorCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    CheckIndexesResponse answer = client.checkIndexes(CheckIndexesRequest.getDefaultInstance());
    ctl.show(answer);
    for (CheckIndexesResponse.Finding finding : answer.getFindingsList()) {
      ctl.print(
          "%s %s %s: %s (%s)",
          finding.getBranchName(),
          finding.getIndexType(),
          finding.getIndexName(),
          finding.getProblem(),
          finding.getCurrentIndexPath());
    }
    ctl.print(
        "%d indexes checked, %d findings", answer.getCheckedIndexes(), answer.getFindingsCount());
    return answer.getFindingsCount() == 0 ? Exit.OK : Exit.REFUSED;
  }
}
