package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl rollback}. */
@Command(
    name = "rollback",
    description = "Make the previous generation live again, or a named one that is still kept.")
final class RollbackCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Mixin private final IndexOptions index = new IndexOptions();

  @Option(
      names = "--to",
      paramLabel = "ID",
      description = "The generation to go back to; default: the one before the live one.")
  private String generation = "";

  @Mixin private final LockOptions lock = new LockOptions();

  RollbackCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    try (ShadowIndexClient client = ctl.connect()) {
      RollbackIndexResponse answer =
          client.rollbackIndex(
              RollbackIndexRequest.newBuilder()
                  .setBranchName(index.branch())
                  .setIndexType(index.type())
                  .setIndexName(index.name())
                  .setShadowIndexId(generation)
                  .setSwitchTimeoutSeconds(lock.timeoutSeconds())
                  .build());
      ctl.print("%s", answer.getMessage());
      answer.getValidationErrorsList().forEach(error -> ctl.print("validation: %s", error));
      answer.getVerificationErrorsList().forEach(error -> ctl.print("verification: %s", error));
      if (answer.getSuccess()) {
        ctl.print("live is %s", answer.getShadowIndex().getShadowIndexId());
      }
      ctl.print("lock held %s", Words.millis(answer.getLockHeldMicros()));
      return (answer.getSuccess() ? Exit.OK : Exit.REFUSED).code();
    }
  }
}
