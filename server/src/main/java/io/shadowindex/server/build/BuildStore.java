package io.shadowindex.server.build;

import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The port to where builds and their log are kept.
 *
 * <p>Each change is one transaction: a compare-and-set of the state, allowed only by the {@link
 * Lifecycle} table, together with one event in the log. It is durable when the method returns and
 * after a crash it is there whole or not at all. Reads see only what is durable. Refusals are
 * thrown as {@link io.shadowindex.server.refusal.RefusedException} and change nothing.
 */
public interface BuildStore {

  /**
   * Records a new build, PREPARING.
   *
   * <p>Refuses with {@code BuildAlreadyExists} while the index has a live build; of two at once one
   * wins. Refuses with {@code TooManyBuilds} when as many are unfinished as may be.
   */
  ShadowIndex create(UUID id, BuildSpec spec);

  /**
   * Changes a build's state.
   *
   * <p>Refuses with {@code BuildNotFound}, {@code StaleFencingToken}, {@code StaleEtag}, {@code
   * IllegalTransition}, and, for a retry, {@code BuildAlreadyExists} and {@code TooManyBuilds}.
   */
  ShadowIndex apply(UUID id, Precondition precondition, BuildChange change);

  /**
   * Marks a BUILDING build, with one event in the log. A pause of a paused build, and the end of a
   * pause that there is not, change nothing. A claim gives the next fencing token. Workers that are
   * named as silent are lost until more is stored of them.
   *
   * <p>Refuses with {@code BuildNotFound}, {@code StaleFencingToken}, {@code StaleEtag}, {@code
   * IllegalTransition} unless BUILDING, and, for a claim without force, {@code BuildNotStalled}.
   */
  ShadowIndex mark(UUID id, Precondition precondition, BuildMark mark);

  /** Tells in the log of a step of a switch that changes nothing in the build. */
  void tell(UUID id, BuildEvent.Kind step);

  /**
   * Stores progress, all in one transaction. Passes over builds that are no longer BUILDING under
   * the token given. Not a change of state: no event, no new revision.
   */
  void saveProgress(Collection<ProgressUpdate> updates);

  /**
   * Progress to store, valid while the build is BUILDING under that token.
   *
   * @param parts by worker id, those that have changed
   */
  record ProgressUpdate(
      UUID id, long fencingToken, BuildProgress progress, Map<String, WorkerPart> parts) {
    public ProgressUpdate {
      parts = Map.copyOf(parts);
    }
  }

  /**
   * The parts of a BUILDING build that are stored, by worker id; none that were reported under an
   * earlier token.
   *
   * @param heardAt what is answered for when workers were heard, which is not stored
   */
  Map<String, WorkerPart> parts(UUID id, Instant heardAt);

  /** One build; empty when there is none of that id. */
  Optional<ShadowIndex> find(UUID id);

  /** Those of some builds whose files were deleted, or were going to be when a crash came. */
  Set<UUID> withoutFiles(Collection<UUID> ids);

  /**
   * Who has started a build; an empty name where nobody was asked, nothing when there is none of
   * that id.
   */
  Optional<String> startedBy(UUID id);

  /** All builds in one of these states. */
  List<ShadowIndex> findByState(Set<BuildState> states);

  /** The builds that are BUILT and whose automatic switch is still to be made. */
  List<ShadowIndex> autoSwitchesDue();

  /**
   * Keeps what became of an attempt to make a generation live; an automatic switch is no longer due
   * then. What became of an automatic one is told in the log, and any that was not tried.
   */
  void saveSwitchResult(UUID id, SwitchResult result);

  /** How long the last {@code limit} successful switches kept writers out, the newest first. */
  List<Duration> lockHeldLately(int limit);

  /**
   * At most {@code limit} builds, newest first, that began before the one numbered {@code before},
   * and how many match at that moment.
   */
  BuildList list(BuildFilter filter, long before, int limit);

  /**
   * Some builds of many.
   *
   * @param counts how many builds match the filter, by state; states without builds are left out
   */
  record BuildList(List<ShadowIndex> builds, Map<BuildState, Long> counts) {
    public BuildList {
      builds = List.copyOf(builds);
      counts = Map.copyOf(counts);
    }
  }

  /**
   * Which builds are meant; null and empty match everything.
   *
   * @param branchName the branch
   * @param indexType the kind of index
   * @param states any of these states
   */
  record BuildFilter(
      @Nullable String branchName, @Nullable IndexType indexType, Set<BuildState> states) {
    public BuildFilter {
      states = Set.copyOf(states);
    }
  }

  /** How long the last {@code limit} completed builds of an index took, newest first. */
  List<Duration> buildTimes(IndexKey key, int limit);

  /**
   * One index with at most {@code retained} of the generations it keeps; empty when no build of it
   * was ever started.
   */
  Optional<IndexEntry> findIndex(IndexKey key, int retained);

  /**
   * The generation that was live last of those an index keeps, but for the live one and those that
   * a rollback has led away from; empty when there is none.
   */
  Optional<ShadowIndex> previous(IndexKey key);

  /**
   * At most {@code limit} indexes after {@code after} in the order of branch, type and name,
   * without the generations they keep.
   */
  List<IndexEntry> listIndexes(
      @Nullable String branchName,
      @Nullable IndexType indexType,
      @Nullable IndexKey after,
      int limit);

  /**
   * An index and its builds; null where there is none.
   *
   * @param retained superseded generations whose files are kept, newest first
   */
  record IndexEntry(
      IndexKey key,
      @Nullable ShadowIndex active,
      @Nullable ShadowIndex live,
      List<ShadowIndex> retained) {
    public IndexEntry {
      retained = List.copyOf(retained);
    }
  }

  /**
   * At most {@code limit} builds whose files are kept and need not be any longer, those first whose
   * time was over first.
   *
   * @param keep how many superseded generations of each index are kept however old they are, of
   *     those that were kept as a backup
   */
  List<ShadowIndex> expired(Instant now, int keep, int limit);

  /**
   * Records that the files of a build are going. Answers false, and changes nothing, when they need
   * to be kept after all, as while a rollback to it is under way.
   */
  boolean markFilesDeleted(UUID id, Instant now, int keep);
}
