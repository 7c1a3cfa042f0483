package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.RetryBuildResponse;
import io.shadowindex.v1.ShadowIndex;
import picocli.CommandLine.Command;

/** {@code shadowctl retry}. */
@Command(
    name = "retry",
    description = "Start a failed build again, in an empty directory.",
    footer = {"shadowctl retry 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11"})
final class RetryCommand extends ClientCommand.OfBuild {
  RetryCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    RetryBuildRequest request = RetryBuildRequest.newBuilder().setShadowIndexId(id()).build();
    RetryBuildResponse answer = client.retryBuild(request);
    ctl.show(answer);
    ShadowIndex build = answer.getShadowIndex();
    ctl.print("Build %s is %s, attempt %d", id(), build.getState(), build.getAttempt());
    ctl.print("token      %d", build.getFencingToken());
    ctl.print("write to   %s", build.getShadowIndexPath());
    return Exit.OK;
  }
}
