package io.shadowindex.server.switchover;

import io.shadowindex.server.index.LiveLink;
import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockManager;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockStore.Conflicts;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.switchover.SwitchConclusion.End;
import io.shadowindex.server.switchover.SwitchConclusion.Ended;
import io.shadowindex.server.switchover.SwitchConclusion.Verification;
import io.shadowindex.server.switchover.SwitchStore.Intention;
import java.io.IOException;
import java.io.SyncFailedException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a change that keeps writers out: from the intention, once the lock is free, to the
 * end. Everything that happens under the lock is in here and in {@link SwitchConclusion}: the
 * intention's commit, one rename(2), one fsync(2), one stat(2) a file for a bounded number of
 * files, the final commit. All of it runs exclusively in the store, on one thread: no write of
 * others and no waking of a thread lengthens it.
 */
final class Cutover {

  private static final Logger log = LoggerFactory.getLogger(Cutover.class);

  private final SwitchStore store;
  private final SwitchConclusion conclusion;
  private final SwitchStep.Observer observer;
  private final Consumer<Throwable> outcomeUnknown;
  private final SwitchLocks locks;

  Cutover(
      SwitchStore store,
      SwitchLocks locks,
      SwitchConclusion conclusion,
      SwitchStep.Observer observer,
      Consumer<Throwable> outcomeUnknown) {
    this.store = store;
    this.locks = locks;
    this.conclusion = conclusion;
    this.observer = observer;
    this.outcomeUnknown = outcomeUnknown;
  }

  /** What became of one attempt. */
  sealed interface Attempt {}

  /** How a change ended, and how long writers were kept out for it. */
  record Result(SwitchJournal journal, Ended ended, Duration lockHeld) implements Attempt {}

  private record Blocked(Conflicts conflicts) implements Attempt {}

  /**
   * Carries a change out, once it is its turn and nothing is in its way.
   *
   * @param id the generation it is about
   * @param name what it locks, as far as can be told before the intention
   * @param timeout how long to wait for the lock
   * @param next the staged link; null when the live link is to go
   */
  Result run(
      UUID id,
      LockName name,
      Duration timeout,
      Supplier<Intention> intend,
      LiveLink link,
      @Nullable Path next,
      Verification verification)
      throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    var last = new Conflicts(List.of(), Instant.EPOCH);
    try (var ticket = locks.join(name)) {
      while (ticket.awaitTurn(deadline)) {
        last = locks.inTheWayOf(name); // a read, which keeps nobody out
        if (last.isEmpty()) {
          observer.before(SwitchStep.INTEND);
          Optional<Attempt> attempt =
              store.exclusively(
                  observer.handedOver(() -> attempt(intend.get(), link, next, verification)),
                  deadline);
          if (attempt.isEmpty()) {
            break;
          }
          switch (attempt.get()) {
            case Result result -> {
              return result;
            }
            case Blocked(Conflicts conflicts) -> last = conflicts;
          }
        }
        ticket.blockedBy(last);
      }
      throw LockManager.held(id, name, last, ticket).exception();
    }
  }

  private Attempt attempt(
      Intention intention, LiveLink link, @Nullable Path next, Verification verification)
      throws IOException {
    return switch (intention) {
      case Intention.Blocked(Conflicts conflicts) -> new Blocked(conflicts);
      case Intention.Granted(SwitchJournal journal, Lease lease, long heldSince) -> {
        Result result;
        try {
          Ended ended = flipAndConclude(journal, link, next, verification);
          result = new Result(journal, ended, Duration.ofNanos(System.nanoTime() - heldSince));
        } catch (Error e) {
          // Nobody knows what works after that; the next start decides.
          outcomeUnknown.accept(e);
          throw e;
        } catch (IOException | RuntimeException e) {
          if (!isOutcomeUnknown(e)) { // or else the lock stays until the next start has decided
            locks.released(lease);
          }
          throw e;
        }
        locks.released(lease);
        yield result;
      }
    };
  }

  private Ended flipAndConclude(
      SwitchJournal journal, LiveLink link, @Nullable Path next, Verification verification)
      throws IOException {
    try {
      observer.before(SwitchStep.FLIP);
      refuseOccupied(link, journal.generationId());
      if (next == null) {
        link.remove();
      } else {
        link.replaceWith(next);
      }
      link.sync();
      return conclusion.verify(journal, link, verification);
    } catch (SyncFailedException e) {
      // Of a flip or a flip back: nobody knows which link is on disk, and no second try would tell.
      throw undecided(e);
    } catch (IOException | RuntimeException e) {
      if (isOutcomeUnknown(e)) {
        throw e; // the process is ending
      }
      Ended ended = recoverInPlace(journal, verification, e);
      if (ended.end() == End.ABORTED) {
        throw e;
      }
      return ended;
    }
  }

  private static boolean isOutcomeUnknown(Exception failure) {
    return failure instanceof RefusedException refused
        && refused.refusal() instanceof Refusal.OutcomeUnknown;
  }

  /** Has the process end, whose next start decides. */
  private RefusedException undecided(Exception failure) {
    outcomeUnknown.accept(failure);
    return new Refusal.OutcomeUnknown().exception();
  }

  /** Something failed under the lock. What the link says now decides, as it would after a crash. */
  private Ended recoverInPlace(
      SwitchJournal journal, Verification verification, Exception failure) {
    log.error(
        "the {} of {} failed under the lock, recovering",
        journal.kind(),
        journal.generationId(),
        failure);
    try {
      return conclusion.recover(currentStep(journal), verification);
    } catch (IOException | RuntimeException again) {
      failure.addSuppressed(again);
      throw undecided(failure);
    }
  }

  private SwitchJournal currentStep(SwitchJournal journal) {
    return store.open().stream()
        .filter(open -> open.generationId().equals(journal.generationId()))
        .findFirst()
        .orElse(journal);
  }

  /** A rename would silently replace a file. */
  static void refuseOccupied(LiveLink link, UUID buildId) throws IOException {
    if (link.occupied()) {
      throw new Refusal.LiveNameOccupied(buildId).exception();
    }
  }
}
