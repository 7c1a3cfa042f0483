package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl rollback}. */
@Command(
    name = "rollback",
    description = "Make the previous generation live again, or a named one that is still kept.",
    footer = {
      "shadowctl rollback --branch main",
      "shadowctl rollback --branch main --to 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11"
    })
final class RollbackCommand extends ClientCommand {
  @Mixin private final IndexOptions index = new IndexOptions();

  @Option(
      names = "--to",
      paramLabel = "ID",
      description = "The generation to go back to; default: the one before the live one.")
  private String generation = "";

  @Mixin private final LockOptions lock = new LockOptions();

  RollbackCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    RollbackIndexResponse answer =
        client.rollbackIndex(
            RollbackIndexRequest.newBuilder()
                .setBranchName(index.branch())
                .setIndexType(index.type())
                .setIndexName(index.name())
                .setShadowIndexId(generation)
                .setSwitchTimeoutSeconds(lock.timeoutSeconds())
                .build());
    ctl.show(answer);
    ctl.print("%s", answer.getMessage());
    answer.getValidationErrorsList().forEach(error -> ctl.print("validation: %s", error));
    answer.getVerificationErrorsList().forEach(error -> ctl.print("verification: %s", error));
    if (answer.getSuccess()) {
      ctl.print("live is %s", answer.getShadowIndex().getShadowIndexId());
    }
    ctl.print("lock held %s", Words.millis(answer.getLockHeldMicros()));
    return answer.getSuccess() ? Exit.OK : Exit.REFUSED;
  }
}
