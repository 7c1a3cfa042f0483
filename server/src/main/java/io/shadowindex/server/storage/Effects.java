package io.shadowindex.server.storage;

import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.request.Mutation;
import io.shadowindex.server.request.RequestKey;
import java.time.Instant;
import java.util.UUID;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/** What is written about a call in the transaction of its first effect. */
final class Effects {

  private Effects() {}

  /**
   * Records the mutation that this transaction belongs to, if there is one that nothing has
   * recorded yet. To be called by every transaction with an effect that a caller can ask for.
   *
   * @param buildId the build or generation that the effect is about; null for none
   * @param revision its revision after the effect
   */
  static void record(
      DSLContext transaction, @Nullable UUID buildId, @Nullable Long revision, Instant now) {
    record(transaction, buildId, null, revision, now);
  }

  /**
   * The same for an effect on a lock. A writer's lease lives for a moment and keeps only exclusive
   * locks out, so that the audit log does without, unless somebody ends it by force.
   */
  static void recordLock(DSLContext transaction, Lease lease, Instant now) {
    Mutation mutation = Mutation.current();
    if (mutation != null && lease.mode() == LockMode.SHARED && !mutation.call().forced()) {
      mutation.forgoAudit();
    }
    record(transaction, null, lease.id(), null, now);
  }

  private static void record(
      DSLContext transaction,
      @Nullable UUID buildId,
      @Nullable UUID lockId,
      @Nullable Long revision,
      Instant now) {
    Mutation mutation = Mutation.current();
    if (mutation == null || !mutation.isUnrecorded()) {
      return;
    }
    RequestKey request = mutation.unrecordedRequest();
    if (request != null) {
      RequestRows.insert(transaction, request, buildId, lockId, revision, now);
    }
    mutation.written(
        mutation.isAudited()
            ? AuditRows.begin(transaction, mutation.call(), buildId, lockId, revision)
            : 0);
  }
}
