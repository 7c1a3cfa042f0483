package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code shadowctl retry}. */
@Command(name = "retry", description = "Start a failed build again, in an empty directory.")
final class RetryCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  RetryCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    try (ShadowIndexClient client = ctl.connect()) {
      RetryBuildRequest request = RetryBuildRequest.newBuilder().setShadowIndexId(id).build();
      ShadowIndex build = client.retryBuild(request).getShadowIndex();
      ctl.print("Build %s is %s, attempt %d", id, build.getState(), build.getAttempt());
      ctl.print("write to   %s", build.getShadowIndexPath());
      return Exit.OK.code();
    }
  }
}
