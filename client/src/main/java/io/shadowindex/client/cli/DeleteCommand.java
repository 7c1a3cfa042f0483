package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.DeleteIndexResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl delete}. */
@Command(
    name = "delete",
    description = "Take an index out of service, for instance because its branch is merged.",
    footer = {
      "shadowctl delete --branch feature/x",
      "shadowctl delete --branch feature/x --cancel-builds"
    })
final class DeleteCommand extends ClientCommand {
  @Mixin private final IndexOptions index = new IndexOptions();

  @Option(names = "--cancel-builds", description = "Cancel a build that is not finished.")
  private boolean cancelBuilds;

  @Mixin private final LockOptions lock = new LockOptions();

  DeleteCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    DeleteIndexResponse answer =
        client.deleteIndex(
            DeleteIndexRequest.newBuilder()
                .setBranchName(index.branch())
                .setIndexType(index.type())
                .setIndexName(index.name())
                .setCancelBuilds(cancelBuilds)
                .setSwitchTimeoutSeconds(lock.timeoutSeconds())
                .build());
    ctl.show(answer);
    ctl.print("%s", answer.getMessage());
    answer
        .getCancelledBuildsList()
        .forEach(build -> ctl.print("cancelled %s", build.getShadowIndexId()));
    if (answer.hasRemovedGeneration()) {
      ctl.print(
          "back with: shadowctl rollback --branch %s --type %s --name %s --to %s",
          index.branch(),
          index.type(),
          index.name(),
          answer.getRemovedGeneration().getShadowIndexId());
      ctl.print("lock held %s", Words.millis(answer.getLockHeldMicros()));
    }
    return Exit.OK;
  }
}
