package io.shadowindex.server.audit;

import io.shadowindex.server.request.Call.Target;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The port to where the audit log is kept. Calls get there in the transaction of their first
 * effect, which the other stores see to; this completes them and adds those without an effect.
 */
public interface AuditStore {

  /**
   * Completes the entries that have a place in the log, which their calls' first effects have
   * written, and adds the others, in one transaction. Durable when it returns.
   */
  void save(List<AuditEntry> ended);

  /** The entries up to that place in the log that have not been completed. */
  List<AuditEntry> incomplete(long last);

  /** At most {@code limit} entries before that place in the log, the newest first. */
  List<AuditEntry> list(Filter filter, long before, int limit);

  /** Which entries are meant; null matches everything, and so does an empty text in the target. */
  record Filter(
      Target target, @Nullable UUID buildId, @Nullable String method, @Nullable String result) {
    public static final Filter ALL = new Filter(Target.NONE, null, null, null);
  }

  /** Deletes at most {@code limit} entries from before that moment, and answers how many. */
  int forget(Instant before, int limit);
}
