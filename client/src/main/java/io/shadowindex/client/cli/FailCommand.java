package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.FailBuildRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl fail}. */
@Command(
    name = "fail",
    description = "Declare a build failed; it can be retried.",
    footer = {"shadowctl fail 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --message 'disk full'"})
final class FailCommand extends ClientCommand.OfBuild {
  @Option(
      names = "--message",
      required = true,
      paramLabel = "TEXT",
      description = "What went wrong. Required.")
  private String message = "";

  @Mixin private final FencingOption fencing = new FencingOption();

  FailCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ctl.show(
        client.failBuild(
            FailBuildRequest.newBuilder()
                .setShadowIndexId(id())
                .setErrorMessage(message)
                .setFencingToken(fencing.token())
                .build()));
    ctl.print("Build %s is FAILED; shadowctl retry starts it again.", id());
    return Exit.OK;
  }
}
