package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.PauseBuildRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl pause}. */
@Command(
    name = "pause",
    description = "Tell the workers of a build to pause.",
    footer = {"shadowctl pause 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --reason maintenance"})
final class PauseCommand extends ClientCommand.OfBuild {
  @Option(names = "--reason", paramLabel = "TEXT", defaultValue = "", description = "Why.")
  private String reason = "";

  PauseCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ctl.show(
        client.pauseBuild(
            PauseBuildRequest.newBuilder().setShadowIndexId(id()).setReason(reason).build()));
    ctl.print("Build %s is paused", id());
    return Exit.OK;
  }
}
