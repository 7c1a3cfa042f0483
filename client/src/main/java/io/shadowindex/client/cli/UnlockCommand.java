package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ReleaseLockResponse;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl unlock}. */
@Command(
    name = "unlock",
    description = "Release a lock, or some of its resource types.",
    footer = {
      "shadowctl unlock 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --token 17",
      "shadowctl unlock 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --force --reason 'holder is on holiday'"
    })
final class UnlockCommand extends ClientCommand {
  @Parameters(paramLabel = "LOCK", description = "The id of the lock.")
  private String id = "";

  @Mixin private final OwnerOption owner = new OwnerOption();

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      defaultValue = "0",
      description = "The token that lock printed; not needed with --force.")
  private long token;

  @Option(
      names = "--resource-type",
      paramLabel = "NAME",
      split = ",",
      description = "Release only these; repeatable; default: all of it.")
  private List<String> resourceTypes = List.of();

  @Option(names = "--force", description = "Release a lock of somebody else; needs --reason.")
  private boolean force;

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Why; kept with the lock.")
  private String reason = "";

  UnlockCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ReleaseLockResponse answer =
        client.releaseLock(
            ReleaseLockRequest.newBuilder()
                .setLockId(id)
                .setOwner(owner.name())
                .setFencingToken(token)
                .addAllResourceTypes(resourceTypes)
                .setForceRelease(force)
                .setReason(reason)
                .build());
    ctl.show(answer);
    ctl.print("%s", answer.getMessage());
    if (answer.hasLock()) {
      ctl.print("still locked: %s", LockTarget.name(answer.getLock()));
    }
    return Exit.OK;
  }
}
