package io.shadowindex.server.storage;

import io.shadowindex.server.audit.AuditStore;
import io.shadowindex.server.backup.StateBackups;
import io.shadowindex.server.build.BuildLimits;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.request.RequestStore;
import io.shadowindex.server.switchover.SwitchStore;
import io.shadowindex.server.watch.BuildLog;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Consumer;

/** The stores of one embedded database, opened and closed together. */
public final class StateStore implements AutoCloseable {

  private final H2Database database;
  private final InstantSource clock;

  private StateStore(H2Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /**
   * Opens the embedded database in that directory; creates it when there is none.
   *
   * @param onFailure told once when the disk has failed and nobody can tell what was written: the
   *     process has to end, so that its next start decides from what is on disk
   */
  public static StateStore open(
      Path directory, InstantSource clock, Consumer<Throwable> onFailure) {
    return new StateStore(H2Database.open(directory, onFailure), clock);
  }

  /** Builds without a limit to how many may be unfinished. */
  public BuildStore builds() {
    return builds(BuildLimits.NONE);
  }

  public BuildStore builds(BuildLimits limits) {
    return new JooqBuildStore(database, limits, clock);
  }

  public SwitchStore switches() {
    return new JooqSwitchStore(database, clock);
  }

  /** Locks without a limit to how many may be held. */
  public LockStore locks() {
    return locks(Integer.MAX_VALUE);
  }

  /** Locks of which so many may be held. Counts those that are. */
  public LockStore locks(int mostHeld) {
    var locks = new JooqLockStore(database, mostHeld, DatabaseClock.REAL);
    locks.recount();
    return locks;
  }

  public RequestStore requests() {
    return new RequestRows(database);
  }

  public AuditStore audit() {
    return new AuditRows(database);
  }

  public BuildLog log() {
    return new EventLog(database);
  }

  /** Has the listener called after changes have become durable; it must not block. */
  public void onCommit(Runnable listener) {
    database.onCommit(listener);
  }

  /** Has the listener told how long each group commit took; it must not block. */
  public void onGroupCommit(Consumer<Duration> listener) {
    database.onBatch(listener);
  }

  /** How many transactions wait to be written. */
  public int queuedWrites() {
    return database.queued();
  }

  /** Backups of all of it, as files in that directory while they are read. */
  public StateBackups backups(Path directory) {
    return new BackupFiles(database, directory);
  }

  /** Waits for the writes under way and closes the database. Later writes are refused. */
  @Override
  public void close() {
    database.close();
  }
}
