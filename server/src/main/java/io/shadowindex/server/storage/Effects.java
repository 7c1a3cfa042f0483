package io.shadowindex.server.storage;

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
    Mutation mutation = Mutation.current();
    if (mutation == null || !mutation.isUnrecorded()) {
      return;
    }
    RequestKey request = mutation.unrecordedRequest();
    if (request != null) {
      RequestRows.insert(transaction, request, buildId, revision, now);
    }
    AuditRows.begin(transaction, mutation.call(), buildId, revision);
    mutation.written();
  }
}
