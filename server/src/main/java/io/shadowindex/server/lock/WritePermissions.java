package io.shadowindex.server.lock;

import io.shadowindex.server.lock.IndexingSituation.Known;
import io.shadowindex.server.lock.LockStore.Conflicts;
import io.shadowindex.server.lock.LockStore.Holder;
import io.shadowindex.server.lock.LockStore.LockFilter;
import io.shadowindex.server.lock.WriteDecision.Allowed;
import io.shadowindex.server.lock.WriteDecision.Denied;
import io.shadowindex.server.refusal.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SequencedSet;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Says whether a write may be made, in one indexed read when it may, and explains when not. */
public final class WritePermissions {

  /** How long a caller may ask to wait, in seconds. */
  private static final long LONGEST_WAIT_SECONDS = 300;

  private static final int LOCKS_LOOKED_AT = 1000;

  private final LockStore store;
  private final LockQueue queue;
  private final IndexingSituation situation;
  private final Collection<String> everyBranchHas;

  /**
   * Puts it together.
   *
   * @param everyBranchHas resource types that are known without a build or a lock
   */
  public WritePermissions(
      LockStore store,
      LockQueue queue,
      IndexingSituation situation,
      Collection<String> everyBranchHas) {
    this.store = store;
    this.queue = queue;
    this.situation = situation;
    this.everyBranchHas = List.copyOf(everyBranchHas);
  }

  /**
   * Decides about a write; waits, where it would be refused, for what is in its way to end.
   *
   * @param name what is written to: only exclusive locks that overlap it are in its way
   * @param action for the explanation, such as {@code write}
   */
  public WriteDecision check(LockName name, String action, LockWait wait) {
    Conflicts conflicts = store.conflicts(name, LockMode.SHARED);
    if (!conflicts.isEmpty() && !wait.isOver()) {
      conflicts = await(name, conflicts, wait);
    }
    return conflicts.isEmpty() ? new Allowed() : denied(name, action, conflicts);
  }

  /**
   * Decides about a write under a lease, which keeps all others out that could be in its way.
   *
   * <p>Refuses with {@code LeaseLost} when the lease has ended or does not cover the write, {@code
   * NotLockOwner}, {@code StaleLockToken}.
   */
  public Allowed checkLease(LockName name, UUID lockId, Holder holder) {
    Lease lease =
        store
            .find(lockId)
            .filter(held -> held.name().covers(name))
            .orElseThrow(() -> new Refusal.LeaseLost(lockId).exception());
    lease.requireHeldBy(holder);
    return new Allowed();
  }

  private Conflicts await(LockName name, Conflicts seen, LockWait wait) {
    Conflicts conflicts = seen;
    try (var ticket = queue.observe(name)) {
      wait.on(ticket);
      while (!conflicts.isEmpty() && ticket.awaitTurn(wait.deadline())) {
        conflicts = store.conflicts(name, LockMode.SHARED);
        ticket.blockedBy(conflicts);
      }
      return conflicts;
    }
  }

  private Denied denied(LockName name, String action, Conflicts conflicts) {
    Instant now = conflicts.asOf();
    Known known = situation.of(name);
    IndexingSituation.Build build = known.build();
    Lease lock =
        Collections.max(
            conflicts.leases(), Comparator.comparing(lease -> timeToGo(lease, build, now)));
    Duration age = Duration.between(lock.acquiredAt(), now);
    Duration timeToGo = timeToGo(lock, build, now);
    List<String> others = otherResourceTypes(name, known);
    return new Denied(
        lock,
        age,
        "cannot %s %s now: %s".formatted(action, name, lock.describe(now)),
        build == null ? null : build.progressPercent(),
        timeToGo,
        others,
        alternatives(name, lock, timeToGo, others));
  }

  private Duration timeToGo(Lease lock, IndexingSituation.@Nullable Build build, Instant now) {
    Instant expiry = lock.expiresAt();
    if (expiry == null) {
      return situation.expectedSwitch();
    }
    if (lock.request().type() == LockType.INDEXING && build != null && build.timeToGo() != null) {
      return build.timeToGo();
    }
    return Duration.between(now, expiry);
  }

  private List<String> otherResourceTypes(LockName name, Known known) {
    SequencedSet<String> types = new TreeSet<>(known.resourceTypes());
    types.addAll(everyBranchHas);
    store
        .list(new LockFilter(name.branchName(), null, null), 0, LOCKS_LOOKED_AT)
        .forEach(lease -> types.addAll(lease.name().resourceTypes()));
    name.resourceTypes().forEach(types::remove);
    Conflicts inBranch = store.conflicts(LockName.branch(name.branchName()), LockMode.SHARED);
    return types.stream()
        .map(type -> LockName.resourceTypes(name.branchName(), List.of(type)))
        .filter(type -> inBranch.leases().stream().noneMatch(lock -> lock.name().overlaps(type)))
        .flatMap(type -> type.resourceTypes().stream())
        .toList();
  }

  private static List<String> alternatives(
      LockName name, Lease lock, Duration timeToGo, List<String> others) {
    var alternatives = new ArrayList<String>();
    if (!others.isEmpty()) {
      alternatives.add("Work on " + String.join(" or ", others));
    }
    switch (lock.name().scope()) {
      case BRANCH -> alternatives.add("Work in another branch");
      case RESOURCE_TYPE -> {}
      case RESOURCE ->
          alternatives.add(
              "Work on another resource of " + String.join(" or ", name.resourceTypes()));
    }
    alternatives.add("Retry in about " + Lease.words(timeToGo));
    long seconds = timeToGo.toSeconds() + 1;
    if (seconds <= LONGEST_WAIT_SECONDS) {
      alternatives.add("Write with wait_seconds=" + seconds);
    }
    if (!lock.ofSwitch()) {
      alternatives.add("Ask %s to release lock %s".formatted(lock.owner(), lock.id()));
    }
    return alternatives;
  }
}
