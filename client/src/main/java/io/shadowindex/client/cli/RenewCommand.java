package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.RenewLockRequest;
import io.shadowindex.v1.RenewLockResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl renew}. */
@Command(
    name = "renew",
    description = "Begin the time of a lock anew.",
    footer = "shadowctl renew 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --token 17")
final class RenewCommand extends ClientCommand {
  @Parameters(paramLabel = "LOCK", description = "The id of the lock.")
  private String id = "";

  @Mixin private final OwnerOption owner = new OwnerOption();

  @Option(
      names = "--token",
      required = true,
      paramLabel = "TOKEN",
      description = "The token that lock printed. Required.")
  private long token;

  RenewCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    RenewLockResponse answer =
        client.renewLock(
            RenewLockRequest.newBuilder()
                .setLockId(id)
                .setOwner(owner.name())
                .setFencingToken(token)
                .build());
    ctl.show(answer);
    ctl.print("held until %s", Words.second(answer.getLock().getExpiresAt()));
    return Exit.OK;
  }
}
