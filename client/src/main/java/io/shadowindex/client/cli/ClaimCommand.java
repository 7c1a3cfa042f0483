package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.ClaimBuildResponse;
import io.shadowindex.v1.ShadowIndex;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl claim}. */
@Command(
    name = "claim",
    description = "Take a stalled build over from its worker.",
    footer = {
      "shadowctl claim 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11",
      "shadowctl claim 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --force"
    })
final class ClaimCommand extends ClientCommand.OfBuild {
  @Option(names = "--force", description = "Also from a worker that still reports.")
  private boolean force;

  ClaimCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ClaimBuildRequest request =
        ClaimBuildRequest.newBuilder()
            .setShadowIndexId(id())
            .setForce(force)
            .setClaimant("shadowctl")
            .build();
    ClaimBuildResponse answer = client.claimBuild(request);
    ctl.show(answer);
    ShadowIndex build = answer.getShadowIndex();
    ctl.print("Build %s is yours", id());
    ctl.print("token      %d", build.getFencingToken());
    ctl.print("write to   %s", build.getShadowIndexPath());
    return Exit.OK;
  }
}
