package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.ResumeBuildRequest;
import picocli.CommandLine.Command;

/** {@code shadowctl resume}. */
@Command(
    name = "resume",
    description = "Tell the workers of a paused build to go on.",
    footer = {"shadowctl resume 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11"})
final class ResumeCommand extends ClientCommand.OfBuild {
  ResumeCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ctl.show(client.resumeBuild(ResumeBuildRequest.newBuilder().setShadowIndexId(id()).build()));
    ctl.print("Build %s goes on", id());
    return Exit.OK;
  }
}
