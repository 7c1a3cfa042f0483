package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code shadowctl live}. */
@Command(
    name = "live",
    description =
        "Print all that is known of one index: its live link, live and retained generations.",
    footer = {
      "shadowctl live --branch main",
      "shadowctl live --branch main --type GRAPH_INDEX -o yaml"
    })
final class LiveCommand extends ClientCommand {
  @Mixin private final IndexOptions index = new IndexOptions();

  LiveCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ctl.showFields(client.getIndex(index.get()).getIndex());
    return Exit.OK;
  }
}
