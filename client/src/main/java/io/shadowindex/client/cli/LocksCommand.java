package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.EndedLock;
import io.shadowindex.v1.ListLocksRequest;
import io.shadowindex.v1.ListLocksResponse;
import io.shadowindex.v1.Lock;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl locks}. */
@Command(
    name = "locks",
    description = "List the locks that are held, the oldest first.",
    footer = {"shadowctl locks", "shadowctl locks --branch main --ended -o json"})
final class LocksCommand extends ClientCommand {
  @Option(
      names = "--branch",
      paramLabel = "BRANCH",
      defaultValue = "",
      description = "Only locks in this branch.")
  private String branch = "";

  @Option(
      names = "--ended",
      description = "Also those that expired or were released by force in the last 30 days.")
  private boolean ended;

  LocksCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ListLocksRequest.Builder request =
        ListLocksRequest.newBuilder().setBranchName(branch).setShowEnded(ended);
    ListLocksResponse.Builder all = ListLocksResponse.newBuilder();
    do {
      ListLocksResponse page = client.listLocks(request.build());
      all.addAllLocks(page.getLocksList()).addAllEndedLocks(page.getEndedLocksList());
      request.setPageToken(page.getNextPageToken());
    } while (!request.getPageToken().isEmpty());
    ctl.show(all.build());
    Table table = new Table("LOCK", "MODE", "FOR", "OWNER", "UNTIL", "ON");
    all.getLocksList().forEach(lock -> row(table, lock));
    ctl.print(table);
    all.getEndedLocksList().forEach(this::print);
    ctl.print("%,d held", all.getLocksCount());
    return Exit.OK;
  }

  private static void row(Table table, Lock lock) {
    table.row(
        lock.getLockId(),
        lock.getMode(),
        lock.getLockType(),
        lock.getOwner(),
        lock.hasExpiresAt() ? Words.second(lock.getExpiresAt()) : "the switch ends",
        LockTarget.name(lock) + (lock.getReason().isEmpty() ? "" : ": " + lock.getReason()));
  }

  private void print(EndedLock lock) {
    ctl.print(
        "%s %s %s of %s on %s%s: %s",
        lock.getLock().getLockId(),
        lock.getHow(),
        Words.second(lock.getEndedAt()),
        lock.getLock().getOwner(),
        LockTarget.name(lock.getLock()),
        lock.getEndedBy().isEmpty() ? "" : ", by " + lock.getEndedBy(),
        lock.getReason());
  }
}
