package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.GetShadowIndexRequest;
import picocli.CommandLine.Command;

/** {@code shadowctl get}. */
@Command(
    name = "get",
    description = "Print all that is known of one build.",
    footer = {
      "shadowctl get 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11",
      "shadowctl get 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 -o json"
    })
final class GetCommand extends ClientCommand.OfBuild {
  GetCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    GetShadowIndexRequest request =
        GetShadowIndexRequest.newBuilder().setShadowIndexId(id()).build();
    ctl.showFields(client.getShadowIndex(request).getShadowIndex());
    return Exit.OK;
  }
}
