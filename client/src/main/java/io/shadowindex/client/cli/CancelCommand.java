package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CancelBuildResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl cancel}. */
@Command(
    name = "cancel",
    description = "Give a build up; its files are deleted.",
    footer = {"shadowctl cancel 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --reason 'wrong input'"})
final class CancelCommand extends ClientCommand.OfBuild {
  @Option(names = "--reason", paramLabel = "TEXT", defaultValue = "", description = "Why.")
  private String reason = "";

  CancelCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    CancelBuildRequest request =
        CancelBuildRequest.newBuilder().setShadowIndexId(id()).setReason(reason).build();
    CancelBuildResponse answer = client.cancelBuild(request);
    ctl.show(answer);
    ctl.print("%s", answer.getMessage());
    return Exit.OK;
  }
}
