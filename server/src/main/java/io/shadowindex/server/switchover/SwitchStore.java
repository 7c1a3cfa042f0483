package io.shadowindex.server.switchover;

import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.Generation;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockStore.Conflicts;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The port to the journal of switches, rollbacks and removals, and to the locks that go with it.
 *
 * <p>Each method is one transaction, durable when it returns and after a crash there whole or not
 * at all. Ending a switch that is not under way is an error of the program.
 *
 * <p>An intention takes the exclusive lock on all resource types of the index, those of the
 * generation that comes and of the one that goes, and opens the journal; or, when locks of others
 * are in the way or the same index is being changed, it changes nothing. The lock is an ordinary
 * one, except that it ends with the change, whenever that is: its id is the generation's.
 */
public interface SwitchStore {

  /**
   * Carries out a change, from its intention to its end, with nobody else's writes in between. The
   * store may do so on a thread of its own. The change must not wait for anything but the disk;
   * what it throws is thrown here.
   *
   * @param deadline the {@link System#nanoTime} after which it is not begun any more, and the
   *     answer is empty: a disk that hangs holds up whatever comes later
   */
  <T> Optional<T> exclusively(Change<T> change, long deadline) throws IOException;

  /** What is done under the lock. */
  @FunctionalInterface
  interface Change<T> {
    T run() throws IOException;
  }

  /**
   * Intends to switch to a build, which becomes SWITCHING.
   *
   * <p>Refuses with {@code BuildNotFound}, {@code StaleEtag}, {@code IllegalTransition} unless
   * BUILT.
   *
   * @param revision the revision the caller last saw; null is not checked
   */
  Intention intend(UUID buildId, @Nullable Long revision, boolean backupCurrent, String remark);

  /**
   * Intends to make a superseded generation live again; it stays CLEANUP until the commit.
   *
   * <p>Refuses with {@code BuildNotFound}, {@code IllegalTransition} unless CLEANUP, {@code
   * GenerationNotRetained}; with {@code IndexChanged} when another generation than {@code
   * replacing} is live.
   *
   * @param replacing null is not compared
   */
  Intention intendRollback(UUID generationId, @Nullable UUID replacing);

  /**
   * Intends to undo a switch that was committed: the generation that it replaced is to be live
   * again. The one that leaves is no backup.
   *
   * <p>Refuses like {@link #intendRollback}, and with {@code IllegalTransition} when the other one
   * is not the live one any more.
   *
   * @param replacing the generation that was switched to
   * @param reason for the log
   */
  Intention intendUndo(UUID generationId, UUID replacing, String reason);

  /**
   * Intends to take an index out of service.
   *
   * <p>Refuses with {@code IndexNotFound}, also when nothing is live, and {@code
   * IndexHasLiveBuild}.
   */
  Intention intendRemoval(IndexKey key);

  /**
   * Forgets an index of which nothing is live. Refuses with {@code IndexHasLiveBuild}; answers
   * false, and changes nothing, when a generation is live.
   */
  boolean forget(IndexKey key);

  /** What became of an intention. */
  sealed interface Intention {
    /**
     * The lock is held and the journal open.
     *
     * @param lease the lock
     * @param heldSince {@link System#nanoTime} just before the commit that made the lock visible
     */
    record Granted(SwitchJournal journal, Lease lease, long heldSince) implements Intention {}

    /** Others hold locks that are in the way; at least one. */
    record Blocked(Conflicts conflicts) implements Intention {}
  }

  /**
   * The change happened: the generation becomes ACTIVE, the old one CLEANUP with its files kept for
   * that long, the journal is closed and the lock released. After a removal the files of all
   * generations of the index are kept for that long, and it is no longer listed.
   */
  void commit(SwitchJournal journal, Duration keepOldFiles, String message);

  /**
   * The change did not happen: journal closed, lock released, and a build that was to be switched
   * to is BUILT again.
   */
  void abort(SwitchJournal journal, String reason);

  /** Verification failed: from here on recovery brings the old generation back. */
  SwitchJournal markRollingBack(SwitchJournal journal, String reason);

  /**
   * What was live before is live again: journal closed, lock released, and a build that was to be
   * switched to is FAILED.
   */
  void rolledBack(SwitchJournal journal, Duration keepFiles);

  /** The switches under way. */
  List<SwitchJournal> open();

  /** Every index with the generation that the database says is live; null when none is. */
  List<LiveGeneration> liveGenerations();

  /** An index and its live generation. */
  record LiveGeneration(IndexKey key, @Nullable Generation active) {}

  /** The locks that are in the way of a switch to the build now. */
  Conflicts conflicts(ShadowIndex build);
}
