package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl claim}. */
@Command(name = "claim", description = "Take a stalled build over from its worker.")
final class ClaimCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  @Option(names = "--force", description = "Also from a worker that still reports.")
  private boolean force;

  ClaimCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    try (ShadowIndexClient client = ctl.connect()) {
      ClaimBuildRequest request =
          ClaimBuildRequest.newBuilder()
              .setShadowIndexId(id)
              .setForce(force)
              .setClaimant("shadowctl")
              .build();
      ShadowIndex build = client.claimBuild(request).getShadowIndex();
      ctl.print("Build %s is yours, fencing token %d", id, build.getFencingToken());
      ctl.print("write to   %s", build.getShadowIndexPath());
      return Exit.OK.code();
    }
  }
}
