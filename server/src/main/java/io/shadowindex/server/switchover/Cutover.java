package io.shadowindex.server.switchover;

import io.shadowindex.server.index.LiveLink;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.switchover.SwitchConclusion.End;
import io.shadowindex.server.switchover.SwitchConclusion.Ended;
import io.shadowindex.server.switchover.SwitchConclusion.Verification;
import io.shadowindex.server.switchover.SwitchStore.Intention;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
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

  /** How long callers are told to wait before they try again for a lock. */
  static final Duration RETRY_AFTER = Duration.ofMillis(50);

  private static final Logger log = LoggerFactory.getLogger(Cutover.class);

  private final SwitchStore store;
  private final SwitchConclusion conclusion;
  private final SwitchStep.Observer observer;
  private final Consumer<Throwable> outcomeUnknown;
  private final LockSignal lockReleases = new LockSignal();

  Cutover(
      SwitchStore store,
      SwitchConclusion conclusion,
      SwitchStep.Observer observer,
      Consumer<Throwable> outcomeUnknown) {
    this.store = store;
    this.conclusion = conclusion;
    this.observer = observer;
    this.outcomeUnknown = outcomeUnknown;
  }

  /** What became of one attempt. */
  sealed interface Attempt {}

  /** How a change ended, and how long writers were kept out for it. */
  record Result(Ended ended, Duration lockHeld) implements Attempt {}

  private record Blocked(String resourceType, UUID holder) implements Attempt {}

  /**
   * Carries a change out.
   *
   * @param id the generation it is about
   * @param timeout how long to wait for the lock
   * @param next the staged link; null when the live link is to go
   */
  Result run(
      UUID id,
      Duration timeout,
      Supplier<Intention> intend,
      LiveLink link,
      @Nullable Path next,
      Verification verification)
      throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      long seen = lockReleases.releases();
      observer.before(SwitchStep.INTEND);
      switch (store.exclusively(() -> attempt(intend.get(), link, next, verification))) {
        case Result result -> {
          return result;
        }
        case Blocked(String resourceType, UUID holder) -> {
          if (!lockReleases.awaitAfter(seen, deadline - System.nanoTime())) {
            throw new Refusal.LockHeld(id, resourceType, holder, RETRY_AFTER).exception();
          }
        }
      }
    }
  }

  private Attempt attempt(
      Intention intention, LiveLink link, @Nullable Path next, Verification verification)
      throws IOException {
    return switch (intention) {
      case Intention.Blocked(String resourceType, UUID holder) -> new Blocked(resourceType, holder);
      case Intention.Granted(SwitchJournal journal, long heldSince) -> {
        try {
          Ended ended = flipAndConclude(journal, link, next, verification);
          yield new Result(ended, Duration.ofNanos(System.nanoTime() - heldSince));
        } finally {
          lockReleases.release();
        }
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
    } catch (IOException | RuntimeException e) {
      Ended ended = recoverInPlace(journal, verification, e);
      if (ended.end() == End.ABORTED) {
        throw e;
      }
      return ended;
    }
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
      outcomeUnknown.accept(failure);
      throw new Refusal.OutcomeUnknown().exception();
    }
  }

  private SwitchJournal currentStep(SwitchJournal journal) {
    return store.open().stream()
        .filter(open -> open.generationId().equals(journal.generationId()))
        .findFirst()
        .orElse(journal);
  }

  /** A rename would silently replace a file. */
  static void refuseOccupied(LiveLink link, UUID buildId) {
    if (link.occupied()) {
      throw new Refusal.LiveNameOccupied(buildId).exception();
    }
  }
}
