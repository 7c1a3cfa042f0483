package io.shadowindex.server.audit;

import io.shadowindex.server.audit.AuditStore.Filter;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Completes the entries of calls after they have ended, many at a time.
 *
 * <p>A crash leaves the entry of each effect, without its outcome where that had not been written
 * yet, and may lose the entries of calls that were refused just before. The next process gives such
 * entries {@link AuditEntry.Outcome#LOST}. Entries are written to the file first, so that what is
 * complete in the store is in the file, unless that could not be written. Those of the last batch
 * before a crash may be complete in the file alone, where they stay as they are; only where the
 * file was moved away meanwhile, the next one has them too, as lost.
 */
public final class AuditLog {

  private static final Logger log = LoggerFactory.getLogger(AuditLog.class);
  private static final int LONGEST_QUEUE = 10_000;

  /** Whoever writes next waits for no more than these. */
  private static final int SAVED_AT_ONCE = 100;

  private static final int FORGOTTEN_AT_ONCE = 1000;

  private final AuditStore store;
  private final @Nullable AuditFile file;
  private final Duration retention;
  private final InstantSource clock;
  private final BlockingQueue<AuditEntry> ended = new ArrayBlockingQueue<>(LONGEST_QUEUE);

  /** The last entry of the processes before this one. */
  private final long lastBefore;

  /**
   * Puts it together, before there are calls.
   *
   * @param file where entries go besides the store; null for nowhere
   * @param retention how long entries are kept in the store
   */
  public AuditLog(
      AuditStore store, @Nullable AuditFile file, Duration retention, InstantSource clock) {
    this.store = store;
    this.file = file;
    this.retention = retention;
    this.clock = clock;
    this.lastBefore =
        store.list(Filter.ALL, Long.MAX_VALUE, 1).stream()
            .findFirst()
            .map(AuditEntry::sequence)
            .orElse(0L);
  }

  /** Completes the entries that an earlier process has left. Reads the whole log once. */
  public void recover() {
    String tail = tailOfFile(); // before more is appended
    List<AuditEntry> lost = store.incomplete(lastBefore).stream().map(AuditEntry::lost).toList();
    for (int i = 0; i < lost.size(); i += SAVED_AT_ONCE) {
      List<AuditEntry> batch = lost.subList(i, Math.min(i + SAVED_AT_ONCE, lost.size()));
      write(
          batch,
          batch.stream().filter(entry -> !tail.contains(AuditFile.beginning(entry))).toList());
    }
  }

  /** Empty when there is none, or it cannot be read. */
  private String tailOfFile() {
    try {
      return file == null ? "" : file.tail();
    } catch (IOException e) {
      log.error("the audit log's file may get entries that it has", e);
      return "";
    }
  }

  /** Takes an entry whose call has ended; waits where more calls end than can be written. */
  public void ended(AuditEntry entry) {
    try {
      ended.put(entry);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      log.error("{} of {} is missing in the audit log", entry.call().method(), entry.call().id());
    }
  }

  /**
   * Writes the entries of the calls that have ended. One thread at a time. Entries that the store
   * does not take are not tried again: they would stop the log, and calls once its queue is full.
   */
  public void flush() {
    var batch = new ArrayList<AuditEntry>();
    while (ended.drainTo(batch, SAVED_AT_ONCE) > 0) {
      write(batch, batch);
      batch.clear();
    }
  }

  private synchronized void write(List<AuditEntry> batch, List<AuditEntry> toFile) {
    append(toFile);
    store.save(batch);
  }

  private void append(List<AuditEntry> entries) {
    try {
      if (file != null && !entries.isEmpty()) {
        file.append(entries);
      }
    } catch (IOException e) {
      log.error("{} entries are missing in the audit log's file", entries.size(), e);
    }
  }

  /** Deletes entries that have been kept long enough. */
  public void sweep() {
    int swept;
    do {
      swept = store.forget(clock.instant().minus(retention), FORGOTTEN_AT_ONCE);
    } while (swept == FORGOTTEN_AT_ONCE);
  }
}
