package io.shadowindex.client.cli;

import com.google.protobuf.util.Timestamps;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.EndedLock;
import io.shadowindex.v1.ListLocksRequest;
import io.shadowindex.v1.ListLocksResponse;
import io.shadowindex.v1.Lock;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl locks}. */
@Command(name = "locks", description = "List the locks that are held, the oldest first.")
final class LocksCommand implements Callable<Integer> {
  private static final String ROW = "%-36s  %-9s  %-11s  %-16s  %-20s  %s";

  private final ShadowCtl ctl;

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
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    try (ShadowIndexClient client = ctl.connect()) {
      ListLocksResponse answer =
          client.listLocks(
              ListLocksRequest.newBuilder().setBranchName(branch).setShowEnded(ended).build());
      if (answer.getLocksCount() > 0) {
        ctl.print(ROW, "LOCK", "MODE", "FOR", "OWNER", "UNTIL", "ON");
        answer.getLocksList().forEach(this::print);
      }
      answer.getEndedLocksList().forEach(this::print);
      ctl.print("%,d held", answer.getLocksCount());
      return Exit.OK.code();
    }
  }

  private void print(Lock lock) {
    ctl.print(
        ROW,
        lock.getLockId(),
        lock.getMode(),
        lock.getLockType(),
        lock.getOwner(),
        lock.hasExpiresAt()
            ? Timestamps.toString(lock.getExpiresAt().toBuilder().setNanos(0).build())
            : "the switch ends",
        LockTarget.name(lock) + (lock.getReason().isEmpty() ? "" : ": " + lock.getReason()));
  }

  private void print(EndedLock lock) {
    ctl.print(
        "%s %s %s of %s on %s%s: %s",
        lock.getLock().getLockId(),
        lock.getHow(),
        Timestamps.toString(lock.getEndedAt().toBuilder().setNanos(0).build()),
        lock.getLock().getOwner(),
        LockTarget.name(lock.getLock()),
        lock.getEndedBy().isEmpty() ? "" : ", by " + lock.getEndedBy(),
        lock.getReason());
  }
}
