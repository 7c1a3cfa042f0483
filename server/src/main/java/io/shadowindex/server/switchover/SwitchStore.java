package io.shadowindex.server.switchover;

import io.shadowindex.server.index.IndexKey;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The port to the journal of switches, and to the locks that go with it.
 *
 * <p>Each method is one transaction, durable when it returns and after a crash there whole or not
 * at all. Ending a switch that is not under way is an error of the program.
 */
public interface SwitchStore {

  /**
   * Takes the exclusive lock on all resource types of the build's index, makes the build SWITCHING
   * and opens the journal; or, when another switch holds one of them, changes nothing.
   *
   * <p>Refuses with {@code BuildNotFound}, {@code StaleEtag}, {@code IllegalTransition} unless
   * BUILT.
   *
   * @param revision the revision the caller last saw; null is not checked
   */
  Intention intend(UUID buildId, @Nullable Long revision, boolean backupCurrent, String remark);

  /** What became of an intention. */
  sealed interface Intention {
    /**
     * The lock is held and the journal open.
     *
     * @param heldSince {@link System#nanoTime} just before the commit that made the lock visible
     */
    record Granted(SwitchJournal journal, long heldSince) implements Intention {}

    /** Somebody else holds the lock. */
    record Blocked(String resourceType, UUID holder) implements Intention {}
  }

  /**
   * The switch happened: the build becomes ACTIVE, the old generation CLEANUP with its files kept
   * for that long, the journal is closed and the lock released.
   */
  void commit(SwitchJournal journal, Duration keepOldFiles, String message);

  /** The switch did not happen: the build is BUILT again, journal closed, lock released. */
  void abort(SwitchJournal journal, String reason);

  /** Verification failed: from here on recovery brings the old generation back. */
  SwitchJournal markRollingBack(SwitchJournal journal, String reason);

  /** The old generation is live again: the build is FAILED, journal closed, lock released. */
  void rolledBack(SwitchJournal journal, Duration keepFiles);

  /** The switches under way. */
  List<SwitchJournal> open();

  /** Every index with the generation that the database says is live; null when none is. */
  List<LiveGeneration> liveGenerations();

  /** An index and its live generation. */
  record LiveGeneration(IndexKey key, @Nullable UUID activeId) {}

  /** The resource types of a branch that switches keep writers away from at this moment. */
  List<String> lockedResourceTypes(String branchName);
}
