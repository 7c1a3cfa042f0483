package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.LiveLink;
import io.shadowindex.server.index.Manifest;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.switchover.SwitchConclusion.Ended;
import io.shadowindex.server.switchover.SwitchStore.Intention;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
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
    this.validation = new SwitchValidation(layout, settings.tolerance());
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
    ShadowIndex build = requireBuilt(request.buildId());
    LiveLink link = conclusion.liveLink(build.spec().key());
    refuseOccupied(link, build.id());
    ShadowIndex live = liveGeneration(build);

    observer.before(SwitchStep.VALIDATE);
    var validated = validation.validate(build, live, request.checks());
    ValidationReport report = validated.report();
    if (!report.passed() && !(request.force() && report.canBeForced())) {
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

    observer.before(SwitchStep.STAGE);
    Path next = link.stage(layout.buildDirectory(build.id()));
    try {
      Intention.Granted granted = intend(request, report.failedChecks());
      Ended ended;
      Duration lockHeld;
      try {
        ended = flipAndConclude(granted.journal(), link, next, validated.manifest());
      } finally {
        lockHeld = since(granted.heldSince());
        lockReleases.release();
      }
      return new SwitchOutcome(
          require(build.id()),
          live,
          since(began),
          lockHeld,
          report,
          ended.verified(),
          ended.verificationErrors(),
          SwitchConclusion.accessible(link));
    } finally {
      files.delete(next);
    }
  }

  private Intention.Granted intend(SwitchRequest request, List<String> failedChecks) {
    String remark =
        failedChecks.isEmpty() ? "" : "forced despite: " + String.join("; ", failedChecks);
    long deadline = System.nanoTime() + request.timeout().toNanos();
    while (true) {
      long seen = lockReleases.releases();
      observer.before(SwitchStep.INTEND);
      Intention intention =
          store.intend(request.buildId(), request.revision(), request.backupCurrent(), remark);
      switch (intention) {
        case Intention.Granted granted -> {
          return granted;
        }
        case Intention.Blocked(String resourceType, UUID holder) -> {
          if (!lockReleases.awaitAfter(seen, deadline - System.nanoTime())) {
            throw new Refusal.LockHeld(request.buildId(), resourceType, holder, RETRY_AFTER)
                .exception();
          }
        }
      }
    }
  }

  private Ended flipAndConclude(SwitchJournal journal, LiveLink link, Path next, Manifest manifest)
      throws IOException {
    try {
      observer.before(SwitchStep.FLIP);
      refuseOccupied(link, journal.newId());
      link.replaceWith(next);
      link.sync();
      return conclusion.verify(journal, link, manifest);
    } catch (IOException | RuntimeException e) {
      Ended ended = recoverInPlace(journal, e);
      if (ended.state() == BuildState.BUILT) {
        throw e;
      }
      return ended;
    }
  }

  /** Something failed under the lock. What the link says now decides, as it would after a crash. */
  private Ended recoverInPlace(SwitchJournal journal, Exception failure) {
    log.error("switch to {} failed under the lock, recovering", journal.newId(), failure);
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
        .filter(open -> open.newId().equals(journal.newId()))
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
    if (build.state() != BuildState.BUILT) {
      throw new Refusal.IllegalTransition(
              id,
              Trigger.SWITCH.verb(),
              build.state().name(),
              Trigger.SWITCH.sources().stream().map(BuildState::name).toList())
          .exception();
    }
    return build;
  }

  private ShadowIndex require(UUID id) {
    return builds.find(id).orElseThrow(() -> new Refusal.BuildNotFound(id).exception());
  }

  private @Nullable ShadowIndex liveGeneration(ShadowIndex build) {
    return builds.findIndex(build.spec().key(), 0).map(BuildStore.IndexEntry::active).orElse(null);
  }

  private static Duration since(long nanoTime) {
    return Duration.ofNanos(System.nanoTime() - nanoTime);
  }
}
