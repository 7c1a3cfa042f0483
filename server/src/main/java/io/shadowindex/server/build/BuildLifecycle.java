package io.shadowindex.server.build;

import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.BuildStore.BuildList;
import io.shadowindex.server.build.BuildStore.IndexEntry;
import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.ProgressBoard.Silence;
import io.shadowindex.server.index.ClaimedManifest;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.GenerationSealer;
import io.shadowindex.server.index.IndexFormatException;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.index.Manifest;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.Refusal.Violation;
import io.shadowindex.server.refusal.RefusedException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The calls that move a build through its lifecycle, apart from switches.
 *
 * <p>Every change is durable before the method returns. A crash leaves the state before or after
 * it; a build caught in PREPARING, whose starter never got an answer, is FAILED by {@link
 * #recover}.
 */
public final class BuildLifecycle {

  private static final int ESTIMATE_FROM_BUILDS = 5;
  private static final Duration ESTIMATE_PER_RESOURCE_TYPE = Duration.ofMinutes(5);

  private final BuildStore store;
  private final ProgressBoard board;
  private final IndexLayout layout;
  private final IndexFormats formats;
  private final GenerationSealer sealer;
  private final FileOperations files;
  private final RetentionSweeper sweeper;
  private final InstantSource clock;
  private final Supplier<UUID> ids;
  private final Duration keepFailedFiles;
  private volatile Consumer<ShadowIndex> onBuilt = build -> {};

  /** The builds that are being completed, and what others who want to complete them wait for. */
  private final ConcurrentMap<UUID, CompletableFuture<?>> completing = new ConcurrentHashMap<>();

  public BuildLifecycle(
      BuildStore store,
      ProgressBoard board,
      IndexLayout layout,
      IndexFormats formats,
      FileOperations files,
      RetentionSweeper sweeper,
      InstantSource clock,
      Supplier<UUID> ids,
      Duration keepFailedFiles) {
    this.store = store;
    this.board = board;
    this.layout = layout;
    this.formats = formats;
    this.sealer = new GenerationSealer(layout, files);
    this.files = files;
    this.sweeper = sweeper;
    this.clock = clock;
    this.ids = ids;
    this.keepFailedFiles = keepFailedFiles;
  }

  /**
   * Fails what a crash left PREPARING and puts BUILDING builds on the board. Runs before listening.
   */
  public void recover() {
    for (ShadowIndex build : store.findByState(Set.of(BuildState.PREPARING, BuildState.BUILDING))) {
      if (build.state() == BuildState.PREPARING) {
        failPreparation(build.id(), "the server stopped before the build's directory was created");
      } else {
        Instant now = clock.instant();
        board.put(build, store.parts(build.id(), now), now);
      }
    }
  }

  /** Has the listener told of each build that is complete, after that is durable. */
  public void onBuilt(Consumer<ShadowIndex> listener) {
    onBuilt = listener;
  }

  /** Starts a build and creates its directory. */
  public ShadowIndex start(BuildSpec spec) throws IOException {
    return prepare(store.create(ids.get(), spec));
  }

  /** How long a build of this index will probably take. */
  public Duration estimateBuildTime(BuildSpec spec) {
    List<Duration> earlier =
        store.buildTimes(spec.key(), ESTIMATE_FROM_BUILDS).stream().sorted().toList();
    if (!earlier.isEmpty()) {
      return earlier.get(earlier.size() / 2);
    }
    return ESTIMATE_PER_RESOURCE_TYPE.multipliedBy(
        (long) spec.resourceTypes().size() * (spec.fullRebuild() ? 2 : 1));
  }

  /** Takes a worker's report; not a change of state, and acknowledged from memory. */
  public ShadowIndex report(UUID id, ProgressReport report) {
    return board
        .report(id, report, clock.instant())
        .orElseThrow(() -> illegal(require(id), "report progress of", BuildState.BUILDING));
  }

  /**
   * Refuses, as a report would, when a worker may not go on with a build.
   *
   * @param fencingToken null is not checked
   * @return the build, BUILDING
   */
  public ShadowIndex requireHeld(UUID id, @Nullable Long fencingToken) {
    ShadowIndex build =
        board
            .newest(id)
            .orElseThrow(() -> illegal(require(id), "report progress of", BuildState.BUILDING));
    if (fencingToken != null && fencingToken != build.fencingToken()) {
      throw new Refusal.StaleFencingToken(id, fencingToken).exception();
    }
    return build;
  }

  /** Tells the workers of a build to pause, or to go on. */
  public ShadowIndex mark(UUID id, Precondition precondition, BuildMark mark) {
    ShadowIndex after = store.mark(id, precondition, mark);
    board.update(after, clock.instant());
    return withNewestProgress(after);
  }

  /** Gives a build to another worker; refused while workers report, unless forced. */
  public ShadowIndex claim(UUID id, Precondition precondition, BuildMark.Claimed claim) {
    board.takeUnstored(id).ifPresent(update -> store.saveProgress(List.of(update)));
    ShadowIndex after = store.mark(id, precondition, claim);
    board.put(after, clock.instant());
    removeWhatHasEnded(after);
    return after;
  }

  /**
   * Tells of workers that have been silent for longer than their lease, or report again, and fails
   * builds of which nobody has reported for the stale limit.
   */
  public void checkLeases(Duration lease, Duration staleLimit) {
    for (Silence silence : board.silences(lease, clock.instant())) {
      try {
        check(silence, staleLimit);
      } catch (RefusedException e) {
        if (!isOvertaken(e.refusal())) {
          throw e;
        }
      }
    }
  }

  private void check(Silence silence, Duration staleLimit) {
    ShadowIndex build = silence.build();
    var held = new Precondition(build.fencingToken(), null);
    if (silence.duration().compareTo(staleLimit) > 0) {
      fail(
          build.id(),
          held,
          "no worker has reported for %d s".formatted(silence.duration().toSeconds()));
    } else if (silence.mark() != null) {
      mark(build.id(), held, silence.mark());
    }
  }

  /** The build has left BUILDING, or was claimed, since the board was looked at. */
  private static boolean isOvertaken(Refusal refusal) {
    return refusal instanceof Refusal.IllegalTransition
        || refusal instanceof Refusal.StaleFencingToken;
  }

  /** Stores the progress reported since the last call. */
  public void flushProgress() {
    var updates = board.takeUnstored();
    if (!updates.isEmpty()) {
      store.saveProgress(updates);
    }
  }

  /**
   * Seals the build's files and makes it BUILT. Waits while somebody else completes the same build:
   * two at once would write one manifest, of which the later could differ from what is BUILT.
   *
   * @param claimed the files that the worker says there are
   * @param completion answers what the worker said, given the size that was measured
   */
  public ShadowIndex complete(
      UUID id, Precondition precondition, ClaimedManifest claimed, CompletionReport completion)
      throws IOException {
    var ended = new CompletableFuture<Void>();
    for (var other = completing.putIfAbsent(id, ended);
        other != null;
        other = completing.putIfAbsent(id, ended)) {
      other.join();
    }
    try {
      return completeAlone(id, precondition, claimed, completion);
    } finally {
      completing.remove(id);
      ended.complete(null);
    }
  }

  private ShadowIndex completeAlone(
      UUID id, Precondition precondition, ClaimedManifest claimed, CompletionReport completion)
      throws IOException {
    ShadowIndex build = requireState(id, precondition, Trigger.COMPLETE);
    // Whatever happens meanwhile: the files that are sealed are those of this attempt.
    var attempt = new Precondition(build.fencingToken(), precondition.revision());
    Manifest manifest = seal(id, attempt, claimed);
    var completed = withRecordCount(id, completion.with(manifest.totalBytes()));
    ShadowIndex built = leaveBuilding(id, attempt, new BuildChange.Completed(completed));
    onBuilt.accept(built);
    return built;
  }

  /**
   * Takes the record count from the index itself where the worker gave none. An index that cannot
   * be read is complete all the same: validation tells what is wrong with it.
   */
  private Completion withRecordCount(UUID id, Completion completion) {
    if (completion.recordCount() != 0) {
      return completion;
    }
    try {
      var counted = formats.contentOf(layout.buildDirectory(id)).countRecords();
      return completion.withRecordCount(counted.orElse(0));
    } catch (IndexFormatException e) {
      return completion;
    }
  }

  /** Files that change or go away while they are sealed: with the attempt, or under its worker. */
  private Manifest seal(UUID id, Precondition attempt, ClaimedManifest claimed) throws IOException {
    try {
      return sealer.seal(id, claimed);
    } catch (RefusedException e) {
      var _ = requireState(id, attempt, Trigger.COMPLETE);
      throw e;
    } catch (NoSuchFileException e) {
      var _ = requireState(id, attempt, Trigger.COMPLETE);
      Path file = layout.buildDirectory(id).relativize(Path.of(e.getFile()));
      var violation = new Violation(file.toString(), "vanished while it was read");
      throw new Refusal.UnsafeFiles(id, List.of(violation)).exception();
    }
  }

  /** What the worker says at the end, lacking only what the server measures. */
  @FunctionalInterface
  public interface CompletionReport {
    Completion with(long measuredSizeBytes);
  }

  /** Declares a build failed. */
  public ShadowIndex fail(UUID id, Precondition precondition, String message) {
    return leaveBuilding(id, precondition, new BuildChange.Failed(message, keepFailedFiles));
  }

  /** Gives a build up. */
  public ShadowIndex cancel(UUID id, Precondition precondition, String reason) {
    return leaveBuilding(id, precondition, new BuildChange.Cancelled(reason));
  }

  /** Begins the next attempt of a failed build, in an empty directory. */
  public ShadowIndex retry(UUID id, Precondition precondition) throws IOException {
    return prepare(store.apply(id, precondition, new BuildChange.Retried()));
  }

  /**
   * Goes on with a start or a retry that got no answer: an attempt that failed before it had a
   * directory is followed by the next one, and anything else is left as it is.
   */
  public ShadowIndex resume(UUID id) throws IOException {
    ShadowIndex build = get(id);
    boolean neverBegun = build.state() == BuildState.FAILED && build.times().started() == null;
    return neverBegun ? retry(id, new Precondition(null, build.revision())) : build;
  }

  /** One build with its newest progress. */
  public ShadowIndex get(UUID id) {
    return withNewestProgress(require(id));
  }

  /** Builds with their newest progress; see {@link BuildStore#list}. */
  public BuildList list(BuildFilter filter, long before, int limit) {
    BuildList stored = store.list(filter, before, limit);
    return new BuildList(
        stored.builds().stream().map(this::withNewestProgress).toList(), stored.counts());
  }

  /** One index and its builds; see {@link BuildStore#findIndex}. */
  public IndexEntry getIndex(IndexKey key, int retained) {
    return withNewestProgress(
        store
            .findIndex(key, retained)
            .orElseThrow(
                () ->
                    new Refusal.IndexNotFound(
                            key.branchName(), key.indexType().name(), key.indexName())
                        .exception()));
  }

  /** See {@link BuildStore#listIndexes}. */
  public List<IndexEntry> listIndexes(
      @Nullable String branchName,
      @Nullable IndexType indexType,
      @Nullable IndexKey after,
      int limit) {
    return store.listIndexes(branchName, indexType, after, limit).stream()
        .map(this::withNewestProgress)
        .toList();
  }

  private ShadowIndex prepare(ShadowIndex preparing) throws IOException {
    UUID id = preparing.id();
    Path directory = layout.buildDirectory(id);
    try {
      if (preparing.attempt() == 1) { // nothing of it can be swept, and no deletion is waited for
        empty(id, directory);
      } else {
        sweeper.whileNotSweeping(() -> empty(id, directory));
      }
      files.sync(layout.builds());
    } catch (IOException e) {
      failPreparation(id, "the build's directory could not be created");
      throw e;
    }
    try {
      ShadowIndex building = store.apply(id, Precondition.NONE, new BuildChange.Prepared());
      putOnBoard(building);
      return building;
    } catch (RefusedException e) {
      if (e.refusal() instanceof Refusal.IllegalTransition) { // cancelled meanwhile
        files.deleteTree(directory);
      }
      throw e;
    }
  }

  private void empty(UUID id, Path directory) throws IOException {
    files.deleteTree(directory);
    files.delete(layout.manifest(id));
    files.createDirectories(directory);
  }

  /** Whoever ended the attempt before it was on the board could not take it off. */
  private void putOnBoard(ShadowIndex building) {
    board.put(building, clock.instant());
    removeWhatHasEnded(building);
  }

  private void removeWhatHasEnded(ShadowIndex building) {
    ShadowIndex now = require(building.id());
    if (now.state() != BuildState.BUILDING || now.fencingToken() != building.fencingToken()) {
      board.remove(building.id(), building.fencingToken());
    }
  }

  private void failPreparation(UUID id, String message) {
    store.apply(id, Precondition.NONE, new BuildChange.Failed(message, keepFailedFiles));
  }

  private ShadowIndex leaveBuilding(UUID id, Precondition precondition, BuildChange change) {
    board.takeUnstored(id).ifPresent(update -> store.saveProgress(List.of(update)));
    ShadowIndex after = store.apply(id, precondition, change);
    board.remove(id, after.fencingToken());
    return after;
  }

  /** Refuses early what the store would refuse after the files were read for nothing. */
  private ShadowIndex requireState(UUID id, Precondition precondition, Trigger trigger) {
    ShadowIndex build = require(id);
    Long token = precondition.fencingToken();
    if (token != null && token != build.fencingToken()) {
      throw new Refusal.StaleFencingToken(id, token).exception();
    }
    Long revision = precondition.revision();
    if (revision != null && revision != build.revision()) {
      throw new Refusal.StaleEtag(id).exception();
    }
    if (!trigger.sources().contains(build.state())) {
      throw illegal(build, trigger.verb(), trigger.sources().toArray(BuildState[]::new));
    }
    return build;
  }

  private ShadowIndex require(UUID id) {
    return store.find(id).orElseThrow(() -> new Refusal.BuildNotFound(id).exception());
  }

  private static RuntimeException illegal(
      ShadowIndex build, String action, BuildState... required) {
    return new Refusal.IllegalTransition(
            build.id(),
            action,
            build.state().name(),
            Arrays.stream(required).map(BuildState::name).toList())
        .exception();
  }

  private IndexEntry withNewestProgress(IndexEntry entry) {
    ShadowIndex live = entry.live();
    return live == null
        ? entry
        : new IndexEntry(entry.key(), entry.active(), withNewestProgress(live), entry.retained());
  }

  /** A build with what its workers have reported since it was read. */
  public ShadowIndex withNewestProgress(ShadowIndex build) {
    if (build.state() != BuildState.BUILDING) {
      return build;
    }
    return board
        .newest(build.id())
        .map(ShadowIndex::progress)
        .map(build::withProgress)
        .orElse(build);
  }
}
