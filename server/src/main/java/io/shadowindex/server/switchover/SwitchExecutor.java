package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.ProgressBoard.Staged;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchResult;
import io.shadowindex.server.build.ValidationCheck;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.FileStamps;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.LiveLink;
import io.shadowindex.server.index.Manifest;
import io.shadowindex.server.index.ServingCopies;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.switchover.SwitchConclusion.End;
import io.shadowindex.server.switchover.SwitchJournal.Kind;
import io.shadowindex.server.switchover.SwitchOutcome.Became;
import io.shadowindex.server.switchover.SwitchStore.Intention;
import io.shadowindex.server.switchover.SwitchValidation.Validated;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out switches on the calling thread, which must not be interrupted.
 *
 * <p>Everything slow (reading files, waiting, making directories, probe queries) happens without
 * the lock; {@link Cutover} is what happens under it. A crash at any point is ended by {@link
 * SwitchRecovery}.
 */
public final class SwitchExecutor {

  private static final Logger log = LoggerFactory.getLogger(SwitchExecutor.class);

  /** How long callers are told to wait while another switch copies. */
  private static final Duration COPY_RETRY = Duration.ofMillis(50);

  /** How many files are looked at under the lock, some 3 microseconds each; the rest afterwards. */
  private static final int VERIFIED_UNDER_LOCK = 20;

  private final BuildStore builds;
  private final SwitchStore store;
  private final SwitchTargets targets;
  private final SwitchValidation validation;
  private final SwitchProbe probe;
  private final SwitchConclusion conclusion;
  private final Cutover cutover;
  private final FileOperations files;
  private final IndexLayout layout;
  private final SwitchStep.Observer observer;
  private final double tolerance;
  private final ServingCopies copies;
  private final ProgressBoard board;
  private final SwitchPreviews previews;
  private final InstantSource clock;
  private volatile Consumer<SwitchOutcome> onEnded = outcome -> {};
  private volatile Consumer<UUID> onNotSwitched = buildId -> {};

  /** The builds whose files are being copied; a second copy would replace the first under it. */
  private final Set<UUID> copying = ConcurrentHashMap.newKeySet();

  /** The generations that switches under way are from, once for each. */
  private final Queue<UUID> leaving = new ConcurrentLinkedQueue<>();

  /**
   * What a switch needs to know besides the request.
   *
   * @param tolerance how far count and size may be from the live generation's, as a fraction of it
   * @param probeMaxSlowdown how many times as long as before probe queries may take; 0 for any time
   * @param keepBackup how long the replaced generation's files are kept with {@code backup_current}
   * @param grace how long without, so that readers who have just resolved the link can finish
   * @param keepFailed how long the files of a failed build are kept
   * @param keepGenerations how many superseded generations are kept however old they are
   */
  public record Settings(
      double tolerance,
      double probeMaxSlowdown,
      Duration keepBackup,
      Duration grace,
      Duration keepFailed,
      int keepGenerations) {}

  /**
   * Puts an executor together.
   *
   * @param board where the progress of copies is told
   * @param outcomeUnknown told when the disk failed after the intention and recovery failed too:
   *     the process has to end so that its next start decides from what is on disk
   */
  public SwitchExecutor(
      BuildStore builds,
      SwitchStore store,
      SwitchLocks locks,
      SwitchForecast forecast,
      ProgressBoard board,
      IndexLayout layout,
      IndexFormats formats,
      FileOperations files,
      Settings settings,
      InstantSource clock,
      SwitchStep.Observer observer,
      Consumer<Throwable> outcomeUnknown) {
    this.builds = builds;
    this.store = store;
    this.layout = layout;
    this.files = files;
    this.tolerance = settings.tolerance();
    this.copies = new ServingCopies(layout, files);
    this.board = board;
    this.clock = clock;
    this.previews =
        new SwitchPreviews(builds, store, layout, forecast, clock, settings.keepGenerations());
    this.observer = observer;
    this.targets = new SwitchTargets(builds);
    this.validation = new SwitchValidation(layout, formats);
    this.probe = new SwitchProbe(formats, settings.probeMaxSlowdown(), SwitchProbe.LIMIT);
    this.conclusion =
        new SwitchConclusion(
            store,
            layout,
            files,
            observer,
            new SwitchConclusion.Retention(
                settings.keepBackup(), settings.grace(), settings.keepFailed()));
    this.cutover = new Cutover(store, locks, conclusion, observer, outcomeUnknown);
  }

  /** Has the listener told how each switch and rollback ended; it must not block. */
  public void onEnded(Consumer<SwitchOutcome> listener) {
    onEnded = listener;
  }

  /**
   * Has the listener told of each build that somebody has called for a switch to, in vain; it must
   * neither block nor throw.
   */
  void onNotSwitched(Consumer<UUID> listener) {
    onNotSwitched = listener;
  }

  /** Recovery with the same rules as the switches of this executor. */
  public SwitchRecovery recovery() {
    return new SwitchRecovery(store, conclusion, layout, files);
  }

  /**
   * Switches to a build, or says what its validation or verification found against it. What became
   * of it is kept with the build, for a caller who did not wait.
   *
   * @throws RefusedException when it cannot be tried
   * @throws IOException when the disk failed before the intention or the flip: nothing changed
   */
  public SwitchOutcome execute(SwitchRequest request) throws IOException {
    boolean switched = false;
    try {
      SwitchOutcome outcome = observer.during(request.buildId(), () -> tryToSwitch(request));
      switched = outcome.success();
      return outcome;
    } finally {
      if (!switched && !request.automatic()) {
        onNotSwitched.accept(request.buildId());
      }
    }
  }

  private SwitchOutcome tryToSwitch(SwitchRequest request) throws IOException {
    long began = System.nanoTime();
    builds.tell(targets.requireBuilt(request.buildId()).id(), BuildEvent.Kind.SWITCH_VALIDATING);
    Candidate candidate = candidate(request);
    if (refused(candidate, request)) {
      return kept(notTried(Kind.SWITCH, candidate, began), request.automatic());
    }
    SwitchOutcome outcome =
        switch (candidate.build().spec().switching().strategy()) {
          case ATOMIC_RENAME -> probeAndSwitchTo(candidate, request, began);
          case COPY_AND_REPLACE -> copyAndSwitchTo(candidate, request, began);
        };
    return kept(outcome, request.automatic());
  }

  /**
   * What {@link #execute} would do: the same, up to the intention, and nothing is changed.
   *
   * @throws RefusedException when it could not be tried
   */
  public SwitchPreview preview(SwitchRequest request) throws IOException {
    long began = System.nanoTime();
    Candidate candidate = candidate(request);
    if (!refused(candidate, request)) {
      candidate = probed(candidate, layout.buildDirectory(request.buildId()));
    }
    return previews.of(notTried(Kind.SWITCH, candidate, began), request);
  }

  private SwitchOutcome copyAndSwitchTo(Candidate candidate, SwitchRequest request, long began)
      throws IOException {
    UUID id = candidate.build().id();
    if (!copying.add(id)) {
      throw copyUnderWay(candidate.build());
    }
    try {
      targets.requireBuilt(id); // whoever copied before this one may have switched
      Manifest manifest = candidate.validated().manifest();
      ServingCopies.Copied copied = copy(candidate.build(), manifest);
      if (!copied.errors().isEmpty()) {
        targets.requireBuilt(id); // whoever cancelled it has its files deleted
        var damaged = new ValidationReport(copied.errors(), List.of(), List.of());
        return notTried(Kind.SWITCH, candidate.with(damaged), began);
      }
      return probeAndSwitchTo(candidate.with(copied.stamps()), request, began);
    } finally {
      try {
        deleteUnusedCopy(id);
      } finally {
        copying.remove(id);
      }
    }
  }

  private static RefusedException copyUnderWay(ShadowIndex build) {
    UUID id = build.id();
    return new Refusal.LockHeld(
            id,
            id,
            build.spec().key().branchName(),
            build.spec().resourceTypes(),
            "shadowindex",
            "another switch to build %s is copying its files".formatted(id),
            COPY_RETRY)
        .exception();
  }

  private ServingCopies.Copied copy(ShadowIndex build, Manifest manifest) throws IOException {
    var copied = new LongAdder();
    long total = manifest.totalBytes();
    try {
      board.staged(new Staged(build, 0, total));
      return copies.make(
          build.id(),
          manifest,
          bytes -> {
            copied.add(bytes);
            board.staged(new Staged(build, copied.sum(), total));
          });
    } finally {
      board.unstaged(build.id());
    }
  }

  /**
   * Deletes a copy that nobody has read; retention takes those that were live, if only a moment.
   */
  private void deleteUnusedCopy(UUID id) {
    try {
      switch (targets.require(id).state()) {
        case PREPARING, BUILDING, BUILT, CANCELLED -> copies.delete(id);
        case SWITCHING, ACTIVE, CLEANUP, FAILED -> {}
      }
    } catch (IOException e) {
      log.warn("the unused copy of {} could not be deleted; the next start does", id, e);
    }
  }

  private SwitchOutcome probeAndSwitchTo(Candidate staged, SwitchRequest request, long began)
      throws IOException {
    Candidate candidate = probed(staged, layout.directory(staged.build().generation()));
    if (refused(candidate, request)) {
      return notTried(Kind.SWITCH, candidate, began);
    }
    ShadowIndex live = candidate.live();
    if (live == null) {
      return switchAndConfirm(candidate, request, began);
    }
    leaving.add(live.id());
    try {
      return switchAndConfirm(candidate, request, began);
    } finally {
      leaving.remove(live.id());
    }
  }

  private SwitchOutcome switchAndConfirm(Candidate candidate, SwitchRequest request, long began)
      throws IOException {
    SwitchOutcome outcome = switchTo(candidate, request, began);
    return outcome.success() ? confirmed(outcome, candidate, request.timeout(), began) : outcome;
  }

  /** Whether a switch under way leaves a generation and may still be taken back to it. */
  public boolean mayComeBack(UUID generationId) {
    return leaving.contains(generationId);
  }

  /** Runs the build's probe queries, if it has any, on the generation in a directory. */
  private Candidate probed(Candidate candidate, Path directory) {
    List<String> queries = candidate.build().spec().probeQueries();
    if (queries.isEmpty()) {
      return candidate;
    }
    observer.before(SwitchStep.PROBE);
    ShadowIndex live = candidate.live();
    return candidate.with(
        probe.before(
            queries, directory, live == null ? null : layout.directory(live.generation())));
  }

  private SwitchOutcome switchTo(Candidate candidate, SwitchRequest request, long began)
      throws IOException {
    List<String> failedChecks = candidate.validated().report().failedChecks();
    String remark =
        failedChecks.isEmpty() ? "" : "forced despite: " + String.join("; ", failedChecks);
    return replace(
        Kind.SWITCH,
        candidate,
        request.timeout(),
        () -> store.intend(request.buildId(), request.revision(), request.backupCurrent(), remark),
        began);
  }

  /**
   * Makes a superseded generation live again, or says what is wrong with its files.
   *
   * @throws RefusedException when it cannot be tried
   * @throws IOException when the disk failed before the intention or the flip: nothing changed
   */
  public SwitchOutcome rollBack(RollbackRequest request) throws IOException {
    long began = System.nanoTime();
    while (true) {
      try {
        return rollBack(targets.rollbackTarget(request), request.timeout(), began);
      } catch (RefusedException e) {
        boolean wentMeanwhile = e.refusal() instanceof Refusal.GenerationNotRetained;
        if (request.generationId() != null || !wentMeanwhile) {
          throw e;
        }
        // The caller has named none: the one before that, or none.
      }
    }
  }

  private SwitchOutcome rollBack(SwitchTargets.Rollback target, Duration timeout, long began)
      throws IOException {
    UUID id = target.generation().id();
    return observer.during(
        id,
        () -> {
          builds.tell(id, BuildEvent.Kind.SWITCH_VALIDATING);
          return kept(
              bringBack(
                  target.generation(),
                  timeout,
                  () -> store.intendRollback(id, target.replacing()),
                  began),
              false);
        });
  }

  private SwitchOutcome bringBack(
      ShadowIndex generation, Duration timeout, Supplier<Intention> intend, long began)
      throws IOException {
    Candidate candidate =
        candidate(
            generation,
            layout.directory(generation.generation()),
            Set.of(),
            tolerance,
            () -> SwitchTargets.requireRetained(targets.require(generation.id())));
    if (!candidate.validated().report().passed()) {
      return notTried(Kind.ROLLBACK, candidate, began);
    }
    SwitchOutcome back = replace(Kind.ROLLBACK, candidate, timeout, intend, began);
    List<String> errors = back.success() ? unverifiedErrors(candidate) : List.of();
    return errors.isEmpty() ? back : back.stays(errors, "a rollback is not undone");
  }

  /**
   * Does what takes too long for the lock: looks at the files that were not looked at under it,
   * runs the probe queries once more, now that readers run theirs, and takes the switch back when
   * something is wrong. A crash in here leaves the new generation live, which was validated and had
   * passed one probe.
   */
  private SwitchOutcome confirmed(
      SwitchOutcome switched, Candidate candidate, Duration timeout, long began) {
    List<String> errors = confirmationErrors(candidate);
    if (errors.isEmpty()) {
      return switched;
    }
    UUID id = switched.build().id();
    String reason = "the check after the switch failed: " + String.join("; ", errors);
    ShadowIndex old = switched.old();
    if (old == null) {
      return switched.stays(errors, "there is no generation to go back to");
    }
    try {
      SwitchOutcome back =
          bringBack(old, timeout, () -> store.intendUndo(old.id(), id, reason), began);
      return back.success()
          ? switched.undone(errors, targets.require(id), since(began), back.lockHeld())
          : switched.stays(errors, back.message());
    } catch (RefusedException e) {
      if (e.refusal() instanceof Refusal.OutcomeUnknown) {
        throw e;
      }
      return switched.stays(errors, e.refusal().message());
    } catch (IOException | RuntimeException e) {
      log.error("the switch to {} could not be taken back", id, e);
      return switched.stays(errors, "taking it back failed");
    }
  }

  private List<String> confirmationErrors(Candidate candidate) {
    FileStamps stamps = candidate.validated().stamps();
    boolean probes = !candidate.build().spec().probeQueries().isEmpty();
    if (!probes && stamps.count() <= VERIFIED_UNDER_LOCK) {
      return List.of();
    }
    try {
      observer.before(SwitchStep.CONFIRM);
      List<String> changes = unverifiedErrors(candidate);
      return changes.isEmpty() ? candidate.liveProbe().errors(candidate.link().path()) : changes;
    } catch (RuntimeException e) {
      log.error("the check of {} after the switch broke off", candidate.build().id(), e);
      return List.of("the check of the generation broke off");
    }
  }

  /** What is wrong with the files that were not looked at under the lock. */
  private static List<String> unverifiedErrors(Candidate candidate) {
    try {
      return candidate.validated().stamps().changesAfterFirst(VERIFIED_UNDER_LOCK);
    } catch (IOException e) {
      log.error("the files of {} could not be looked at", candidate.build().id(), e);
      return List.of("the generation cannot be read");
    }
  }

  private SwitchOutcome kept(SwitchOutcome outcome, boolean automatic) {
    builds.saveSwitchResult(
        outcome.build().id(),
        new SwitchResult(
            outcome.success(),
            automatic,
            outcome.message(),
            outcome.lockHeld(),
            outcome.duration(),
            outcome.validation().errors(),
            outcome.verificationErrors(),
            clock.instant()));
    onEnded.accept(outcome);
    return outcome;
  }

  /** A generation that may become live, and what was found of it. */
  private record Candidate(
      ShadowIndex build,
      @Nullable ShadowIndex live,
      LiveLink link,
      Validated validated,
      LiveProbe liveProbe) {

    Candidate with(ValidationReport report) {
      return with(validated.stamps(), report, liveProbe);
    }

    Candidate with(FileStamps copied) {
      return with(copied, validated.report(), liveProbe);
    }

    Candidate with(SwitchProbe.Findings probed) {
      return with(validated.stamps(), validated.report().with(probed), probed.live());
    }

    private Candidate with(FileStamps stamps, ValidationReport report, LiveProbe probe) {
      var revalidated = new Validated(validated.manifest(), stamps, report);
      return new Candidate(build, live, link, revalidated, probe);
    }
  }

  private Candidate candidate(SwitchRequest request) throws IOException {
    ShadowIndex build = targets.requireBuilt(request.buildId());
    if (request.revision() != null && request.revision() != build.revision()) {
      throw new Refusal.StaleEtag(build.id()).exception();
    }
    Double requested = request.tolerance();
    if (requested != null && requested > tolerance) {
      throw new Refusal.InvalidFields(
              List.of(
                  new Refusal.Violation(
                      "tolerance", "must be at most %s, the server's".formatted(tolerance))))
          .exception();
    }
    return candidate(
        build,
        layout.buildDirectory(build.id()),
        request.checks(),
        requested == null ? tolerance : requested,
        () -> targets.requireBuilt(build.id()));
  }

  /**
   * Validates a generation.
   *
   * @param eligible refuses when it may not become live any more: files that are found wanting may
   *     have been deleted meanwhile, which then is the reason to tell
   */
  private Candidate candidate(
      ShadowIndex build,
      Path directory,
      Set<ValidationCheck> checks,
      double allowed,
      Supplier<ShadowIndex> eligible)
      throws IOException {
    LiveLink link = conclusion.liveLink(build.spec().key());
    Cutover.refuseOccupied(link, build.id());
    ShadowIndex live = targets.live(build);
    observer.before(SwitchStep.VALIDATE);
    boolean passed = false;
    try {
      Validated validated = validation.validate(build, directory, live, checks, allowed);
      passed = validated.report().passed();
      return new Candidate(build, live, link, validated, LiveProbe.NONE);
    } finally {
      if (!passed) {
        var _ = eligible.get();
      }
    }
  }

  private static boolean refused(Candidate candidate, SwitchRequest request) {
    ValidationReport report = candidate.validated().report();
    return !report.passed() && !(request.force() && report.canBeForced());
  }

  private static SwitchOutcome notTried(Kind kind, Candidate candidate, long began) {
    return new SwitchOutcome(
        kind,
        candidate.build(),
        candidate.live(),
        since(began),
        Duration.ZERO,
        candidate.validated().report(),
        Became.REFUSED,
        List.of(),
        SwitchConclusion.accessible(candidate.link()));
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
    UUID active = targets.requireActive(key);
    Cutover.refuseOccupied(link, active);
    Cutover.Result changed =
        observer.during(
            active,
            () ->
                cutover.run(
                    active,
                    lockName(targets.require(active), null),
                    timeout,
                    () -> store.intendRemoval(key),
                    link,
                    null,
                    List::of));
    if (changed.ended().end() != End.COMMITTED) {
      throw new IOException("the live link of " + key + " could not be removed");
    }
    UUID removed = changed.journal().generationId();
    return new RemovalOutcome(targets.require(removed), cancelled, changed.lockHeld());
  }

  /** Refuses when something else stands in the place of the live link to a generation. */
  void refuseOccupied(ShadowIndex active) throws IOException {
    Cutover.refuseOccupied(conclusion.liveLink(active.spec().key()), active.id());
  }

  /** What a change from one generation to another keeps writers away from. */
  private static LockName lockName(ShadowIndex build, @Nullable ShadowIndex live) {
    var types = new ArrayList<>(build.spec().resourceTypes());
    if (live != null) {
      types.addAll(live.spec().resourceTypes());
    }
    return LockName.resourceTypes(build.spec().key().branchName(), types);
  }

  private SwitchOutcome replace(
      Kind kind, Candidate candidate, Duration timeout, Supplier<Intention> intend, long began)
      throws IOException {
    ShadowIndex build = candidate.build();
    LiveLink link = candidate.link();
    observer.before(SwitchStep.STAGE);
    Path next = link.stage(layout.directory(build.generation()));
    try {
      builds.tell(build.id(), BuildEvent.Kind.SWITCH_STAGED);
      FileStamps stamps = candidate.validated().stamps();
      Cutover.Result changed =
          cutover.run(
              build.id(),
              lockName(build, candidate.live()),
              timeout,
              intend,
              link,
              next,
              () -> stamps.changesInFirst(VERIFIED_UNDER_LOCK));
      return new SwitchOutcome(
          kind,
          targets.require(build.id()),
          candidate.live(),
          since(began),
          changed.lockHeld(),
          candidate.validated().report(),
          changed.ended().end() == End.COMMITTED ? Became.LIVE : Became.ROLLED_BACK,
          changed.ended().verificationErrors(),
          SwitchConclusion.accessible(link));
    } finally {
      discard(next);
    }
  }

  /** Whatever became of the switch: what is left of it is swept at the next start. */
  private void discard(Path staged) {
    try {
      files.delete(staged);
    } catch (IOException e) {
      log.warn("{} could not be deleted", staged, e);
    }
  }

  private static Duration since(long nanoTime) {
    return Duration.ofNanos(System.nanoTime() - nanoTime);
  }
}
