package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.CheckWritePermissionResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl can-write}. */
@Command(
    name = "can-write",
    description = "Say whether a write may be made now; exits with 1 when not, and says why.",
    footer = {
      "shadowctl can-write --branch main --resource-type object_type",
      "shadowctl can-write --branch main --wait 5 --quiet"
    })
final class CanWriteCommand extends ClientCommand {
  @Mixin private final LockTarget target = new LockTarget();

  @Option(
      names = "--action",
      paramLabel = "WORD",
      defaultValue = "",
      description = "What is to be done, in a word; default: write.")
  private String action = "";

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "0",
      description = "How long to wait for what is in the way, up to 300; default ${DEFAULT-VALUE}.")
  private int waitSeconds;

  CanWriteCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    CheckWritePermissionResponse answer =
        client.checkWritePermission(
            CheckWritePermissionRequest.newBuilder()
                .setBranchName(target.branch())
                .setAction(action)
                .setResourceType(target.resourceType())
                .setResourceId(target.resource())
                .setWaitSeconds(waitSeconds)
                .build());
    ctl.show(answer);
    if (answer.getAllowed()) {
      ctl.print("yes");
      return Exit.OK;
    }
    ctl.print("no: %s", answer.getReason());
    if (answer.hasIndexingProgress()) {
      ctl.print("indexing is at %d%%", answer.getIndexingProgress());
    }
    answer.getAlternativeActionsList().forEach(action -> ctl.print("- %s", action));
    return Exit.REFUSED;
  }
}
