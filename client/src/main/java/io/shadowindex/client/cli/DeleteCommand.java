package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.DeleteIndexResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl delete}. */
@Command(
    name = "delete",
    description = "Take an index out of service, for instance because its branch is merged.")
final class DeleteCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Mixin private final IndexOptions index = new IndexOptions();

  @Option(names = "--cancel-builds", description = "Cancel a build that is not finished.")
  private boolean cancelBuilds;

  @Mixin private final LockOptions lock = new LockOptions();

  DeleteCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    try (ShadowIndexClient client = ctl.connect()) {
      DeleteIndexResponse answer =
          client.deleteIndex(
              DeleteIndexRequest.newBuilder()
                  .setBranchName(index.branch())
                  .setIndexType(index.type())
                  .setIndexName(index.name())
                  .setCancelBuilds(cancelBuilds)
                  .setSwitchTimeoutSeconds(lock.timeoutSeconds())
                  .build());
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
      return Exit.OK.code();
    }
  }
}
