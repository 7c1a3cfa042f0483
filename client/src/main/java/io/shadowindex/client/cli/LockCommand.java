package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AcquireLockResponse;
import io.shadowindex.v1.Lock;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl lock}. */
@Command(
    name = "lock",
    description = {
      "Keep others from writing to a branch, to resource types or to one resource.",
      "The lock is printed with the token that releases it."
    },
    footer = {
      "shadowctl lock --branch main --resource-type object_type --for MIGRATION --ttl 1800",
      "shadowctl lock --branch main --shared --reason release --wait 60"
    })
final class LockCommand extends ClientCommand {
  @Mixin private final LockTarget target = new LockTarget();

  @Mixin private final OwnerOption owner = new OwnerOption();

  @Option(
      names = "--for",
      paramLabel = "PURPOSE",
      defaultValue = "MANUAL",
      description = "INDEXING, MIGRATION, BACKUP, MAINTENANCE or MANUAL; default ${DEFAULT-VALUE}.")
  private Lock.Type type = Lock.Type.MANUAL;

  @Option(
      names = "--shared",
      description = "Keep only exclusive locks and switches out, as a writer does.")
  private boolean shared;

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Told to those who are kept out.")
  private String reason = "";

  @Option(
      names = "--ttl",
      paramLabel = "SECONDS",
      defaultValue = "300",
      description = "When it ends by itself, 1 to 86400; default ${DEFAULT-VALUE}.")
  private int ttlSeconds;

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "0",
      description = "How long to wait for it, up to 300; default ${DEFAULT-VALUE}.")
  private int waitSeconds;

  LockCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    AcquireLockRequest.Builder request =
        AcquireLockRequest.newBuilder()
            .setBranchName(target.branch())
            .setScope(target.scope())
            .setResourceId(target.resource())
            .setLockType(type)
            .setMode(shared ? Lock.Mode.SHARED : Lock.Mode.EXCLUSIVE)
            .setOwner(owner.name())
            .setReason(reason)
            .setTtlSeconds(ttlSeconds)
            .setWaitSeconds(waitSeconds);
    if (target.scope() == Lock.Scope.RESOURCE) {
      request.setResourceType(target.resourceType());
    } else {
      request.addAllResourceTypes(target.resourceTypes());
    }
    AcquireLockResponse answer = client.acquireLock(request.build());
    ctl.show(answer);
    Lock lock = answer.getLock();
    ctl.print("locked    %s", LockTarget.name(lock));
    ctl.print("lock id   %s", lock.getLockId());
    ctl.print("token     %d", lock.getFencingToken());
    ctl.print("for       %d s", lock.getTtlSeconds());
    return Exit.OK;
  }
}
