package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.LiveLink;
import io.shadowindex.server.index.Manifest;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.switchover.SwitchConclusion.End;
import io.shadowindex.server.switchover.SwitchConclusion.Ended;
import io.shadowindex.server.switchover.SwitchStore.Intention;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out switches on the calling thread, which must not be interrupted.
 *
 * <p>Everything slow (reading files, waiting, making directories) happens before the lock is taken.
 * Under it: the intention's commit, one rename(2), one fsync(2), one stat(2) a file, the final
 * commit. A crash at any point is ended by {@link SwitchRecovery}.
 */
public final class SwitchExecutor {

  private static final Logger log = LoggerFactory.getLogger(SwitchExecutor.class);
  private static final Duration RETRY_AFTER = Duration.ofMillis(50);

  /** How many generations newer than the live one are looked past for one from before it. */
  private static final int PREVIOUS_LIMIT = 100;

  private final BuildStore builds;
  private final SwitchStore store;
  private final SwitchValidation validation;
  private final SwitchConclusion conclusion;
  private final FileOperations files;
  private final IndexLayout layout;
  private final SwitchStep.Observer observer;
  private final Consumer<Throwable> outcomeUnknown;
  private final LockSignal lockReleases = new LockSignal();

  /**
   * What a switch needs to know besides the request.
   *
   * @param tolerance how far count and size may be from the live generation's, as a fraction of it
   * @param keepBackup how long the replaced generation's files are kept with {@code backup_current}
   * @param grace how long without, so that readers who have just resolved the link can finish
   * @param keepFailed how long the files of a failed build are kept
   */
  public record Settings(
      double tolerance, Duration keepBackup, Duration grace, Duration keepFailed) {}

  /**
   * Puts an executor together.
   *
   * @param outcomeUnknown told when the disk failed after the intention and recovery failed too:
   *     the process has to end so that its next start decides from what is on disk
   */
  public SwitchExecutor(
      BuildStore builds,
      SwitchStore store,
      IndexLayout layout,
      IndexFormats formats,
      FileOperations files,
      Settings settings,
      SwitchStep.Observer observer,
      Consumer<Throwable> outcomeUnknown) {
    this.builds = builds;
    this.store = store;
    this.layout = layout;
    this.files = files;
    this.observer = observer;
    this.outcomeUnknown = outcomeUnknown;
    this.validation = new SwitchValidation(layout, formats, settings.tolerance());
    this.conclusion =
        new SwitchConclusion(
            store,
            layout,
            files,
            observer,
            new SwitchConclusion.Retention(
                settings.keepBackup(), settings.grace(), settings.keepFailed()));
  }

  /** Recovery with the same rules as the switches of this executor. */
  public SwitchRecovery recovery() {
    return new SwitchRecovery(store, conclusion, layout, files);
  }

  /**
   * Switches to a build, or says what its validation or verification found against it.
   *
   * @throws io.shadowindex.server.refusal.RefusedException when it cannot be tried
   * @throws IOException when the disk failed before the intention or the flip: nothing changed
   */
  public SwitchOutcome execute(SwitchRequest request) throws IOException {
    long began = System.nanoTime();
    return replace(
        requireBuilt(request.buildId()),
        request.checks(),
        request.force(),
        request.timeout(),
        remark ->
            store.intend(request.buildId(), request.revision(), request.backupCurrent(), remark),
        began);
  }

  /**
   * Makes a superseded generation live again, or says what is wrong with its files.
   *
   * @throws io.shadowindex.server.refusal.RefusedException when it cannot be tried
   * @throws IOException when the disk failed before the intention or the flip: nothing changed
   */
  public SwitchOutcome rollBack(RollbackRequest request) throws IOException {
    long began = System.nanoTime();
    ShadowIndex generation = generationToRollBackTo(request);
    return replace(
        generation,
        Set.of(),
        false,
        request.timeout(),
        _ -> store.intendRollback(generation.id()),
        began);
  }

  /**
   * Removes the live link of an index that has no build under way.
   *
   * @param cancelled the builds that were given up for it, to be answered
   */
  RemovalOutcome remove(IndexKey key, List<ShadowIndex> cancelled, Duration timeout)
      throws IOException {
    if (store.forget(key)) {
      return new RemovalOutcome(null, cancelled, Duration.ZERO);
    }
    LiveLink link = conclusion.liveLink(key);
    UUID active = requireActive(key);
    refuseOccupied(link, active);
    Carried carried = carryOut(active, timeout, () -> store.intendRemoval(key), link, null, null);
    if (carried.ended().end() != End.COMMITTED) {
      throw new IOException("the live link of " + key + " could not be removed");
    }
    return new RemovalOutcome(require(active), cancelled, carried.lockHeld());
  }

  private UUID requireActive(IndexKey key) {
    return builds
        .findIndex(key, 0)
        .map(BuildStore.IndexEntry::active)
        .map(ShadowIndex::id)
        .orElseThrow(() -> indexNotFound(key));
  }

  private ShadowIndex generationToRollBackTo(RollbackRequest request) {
    IndexKey key = request.key();
    UUID named = request.generationId();
    if (named != null) {
      return builds
          .find(named)
          .filter(build -> build.spec().key().equals(key))
          .map(SwitchExecutor::requireRetained)
          .orElseThrow(() -> new Refusal.BuildNotFound(named).exception());
    }
    var index = builds.findIndex(key, PREVIOUS_LIMIT).orElseThrow(() -> indexNotFound(key));
    ShadowIndex active = index.active();
    return index.retained().stream()
        .filter(retained -> active == null || retained.sequence() < active.sequence())
        .findFirst()
        .orElseThrow(
            () ->
                new Refusal.NoPreviousGeneration(
                        key.branchName(), key.indexType().name(), key.indexName())
                    .exception());
  }

  private static ShadowIndex requireRetained(ShadowIndex build) {
    requireSource(build, Trigger.REINSTATED);
    if (!build.hasFiles()) {
      throw new Refusal.GenerationNotRetained(build.id()).exception();
    }
    return build;
  }

  /** An intention, told what the log should say of it besides its success. */
  private interface Intend {
    Intention with(String remark);
  }

  private SwitchOutcome replace(
      ShadowIndex build,
      Set<ValidationCheck> checks,
      boolean force,
      Duration timeout,
      Intend intend,
      long began)
      throws IOException {
    LiveLink link = conclusion.liveLink(build.spec().key());
    refuseOccupied(link, build.id());
    ShadowIndex live = liveGeneration(build);

    observer.before(SwitchStep.VALIDATE);
    var validated = validation.validate(build, live, checks);
    ValidationReport report = validated.report();
    if (!report.passed() && !(force && report.canBeForced())) {
      return new SwitchOutcome(
          build,
          live,
          since(began),
          Duration.ZERO,
          report,
          false,
          List.of(),
          SwitchConclusion.accessible(link));
    }
    String remark =
        report.failedChecks().isEmpty()
            ? ""
            : "forced despite: " + String.join("; ", report.failedChecks());

    observer.before(SwitchStep.STAGE);
    Path next = link.stage(layout.buildDirectory(build.id()));
    try {
      Carried carried =
          carryOut(
              build.id(), timeout, () -> intend.with(remark), link, next, validated.manifest());
      return new SwitchOutcome(
          require(build.id()),
          live,
          since(began),
          carried.lockHeld(),
          report,
          carried.ended().end() == End.COMMITTED,
          carried.ended().verificationErrors(),
          SwitchConclusion.accessible(link));
    } finally {
      files.delete(next);
    }
  }

  /** How a change ended, and how long writers were kept out for it. */
  private record Carried(Ended ended, Duration lockHeld) {}

  /** From the intention to the end; everything under the lock is in here. */
  private Carried carryOut(
      UUID id,
      Duration timeout,
      Supplier<Intention> intend,
      LiveLink link,
      @Nullable Path next,
      @Nullable Manifest manifest)
      throws IOException {
    Intention.Granted granted = awaitLock(id, timeout, intend);
    Ended ended;
    Duration lockHeld;
    try {
      ended = flipAndConclude(granted.journal(), link, next, manifest);
    } finally {
      lockHeld = since(granted.heldSince());
      lockReleases.release();
    }
    return new Carried(ended, lockHeld);
  }

  private Intention.Granted awaitLock(UUID id, Duration timeout, Supplier<Intention> intend) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      long seen = lockReleases.releases();
      observer.before(SwitchStep.INTEND);
      switch (intend.get()) {
        case Intention.Granted granted -> {
          return granted;
        }
        case Intention.Blocked(String resourceType, UUID holder) -> {
          if (!lockReleases.awaitAfter(seen, deadline - System.nanoTime())) {
            throw new Refusal.LockHeld(id, resourceType, holder, RETRY_AFTER).exception();
          }
        }
      }
    }
  }

  private Ended flipAndConclude(
      SwitchJournal journal, LiveLink link, @Nullable Path next, @Nullable Manifest manifest)
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
      return conclusion.verify(journal, link, manifest);
    } catch (IOException | RuntimeException e) {
      Ended ended = recoverInPlace(journal, e);
      if (ended.end() == End.ABORTED) {
        throw e;
      }
      return ended;
    }
  }

  /** Something failed under the lock. What the link says now decides, as it would after a crash. */
  private Ended recoverInPlace(SwitchJournal journal, Exception failure) {
    log.error(
        "the {} of {} failed under the lock, recovering",
        journal.kind(),
        journal.generationId(),
        failure);
    try {
      return conclusion.recover(currentStep(journal));
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
  private static void refuseOccupied(LiveLink link, UUID buildId) {
    if (link.occupied()) {
      throw new Refusal.LiveNameOccupied(buildId).exception();
    }
  }

  private ShadowIndex requireBuilt(UUID id) {
    ShadowIndex build = require(id);
    requireSource(build, Trigger.SWITCH);
    return build;
  }

  private static void requireSource(ShadowIndex build, Trigger trigger) {
    if (!trigger.sources().contains(build.state())) {
      throw new Refusal.IllegalTransition(
              build.id(),
              trigger.verb(),
              build.state().name(),
              trigger.sources().stream().map(BuildState::name).toList())
          .exception();
    }
  }

  private ShadowIndex require(UUID id) {
    return builds.find(id).orElseThrow(() -> new Refusal.BuildNotFound(id).exception());
  }

  private @Nullable ShadowIndex liveGeneration(ShadowIndex build) {
    return builds.findIndex(build.spec().key(), 0).map(BuildStore.IndexEntry::active).orElse(null);
  }

  private static RuntimeException indexNotFound(IndexKey key) {
    return new Refusal.IndexNotFound(key.branchName(), key.indexType().name(), key.indexName())
        .exception();
  }

  private static Duration since(long nanoTime) {
    return Duration.ofNanos(System.nanoTime() - nanoTime);
  }
}
