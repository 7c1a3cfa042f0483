package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.AuditEntry.AUDIT_ENTRY;
import static org.jooq.impl.DSL.coalesce;
import static org.jooq.impl.DSL.insertInto;
import static org.jooq.impl.DSL.noCondition;
import static org.jooq.impl.DSL.update;

import io.shadowindex.server.audit.AuditEntry;
import io.shadowindex.server.audit.AuditEntry.Outcome;
import io.shadowindex.server.audit.AuditStore;
import io.shadowindex.server.request.Call;
import io.shadowindex.server.storage.schema.tables.records.AuditEntryRecord;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Param;
import org.jooq.Record2;
import org.jspecify.annotations.Nullable;

/** The audit log in a relational database. */
final class AuditRows implements AuditStore {

  private final Transactions transactions;

  AuditRows(Transactions transactions) {
    this.transactions = transactions;
  }

  /** What the end of a call knows better than its first effect. */
  private static Map<Field<?>, Param<?>> whatBecameOf(Kept.Places<AuditEntry> value) {
    return Map.of(
        AUDIT_ENTRY.BRANCH_NAME,
        value.of(AUDIT_ENTRY.BRANCH_NAME, entry -> entry.call().target().branchName()),
        AUDIT_ENTRY.INDEX_TYPE,
        value.of(AUDIT_ENTRY.INDEX_TYPE, entry -> entry.call().target().indexType()),
        AUDIT_ENTRY.INDEX_NAME,
        value.of(AUDIT_ENTRY.INDEX_NAME, entry -> entry.call().target().indexName()),
        AUDIT_ENTRY.RESULT,
        value.of(AUDIT_ENTRY.RESULT, entry -> entry.outcome().result()),
        AUDIT_ENTRY.REASON,
        value.of(AUDIT_ENTRY.REASON, entry -> entry.outcome().reason()),
        AUDIT_ENTRY.MESSAGE,
        value.of(AUDIT_ENTRY.MESSAGE, entry -> entry.outcome().message()));
  }

  private static final Kept<AuditEntry> INSERT =
      new Kept<>(
          value ->
              insertInto(AUDIT_ENTRY)
                  .set(
                      AUDIT_ENTRY.CALL_ID,
                      value.of(AUDIT_ENTRY.CALL_ID, entry -> entry.call().id()))
                  .set(
                      AUDIT_ENTRY.OCCURRED_AT,
                      value.of(AUDIT_ENTRY.OCCURRED_AT, entry -> entry.call().at()))
                  .set(
                      AUDIT_ENTRY.PRINCIPAL,
                      value.of(AUDIT_ENTRY.PRINCIPAL, entry -> entry.call().principal()))
                  .set(AUDIT_ENTRY.PEER, value.of(AUDIT_ENTRY.PEER, entry -> entry.call().peer()))
                  .set(
                      AUDIT_ENTRY.METHOD,
                      value.of(AUDIT_ENTRY.METHOD, entry -> entry.call().method()))
                  .set(
                      AUDIT_ENTRY.REQUEST_ID,
                      value.of(AUDIT_ENTRY.REQUEST_ID, entry -> entry.call().requestId()))
                  .set(
                      AUDIT_ENTRY.FORCED,
                      value.of(AUDIT_ENTRY.FORCED, entry -> entry.call().forced()))
                  .set(whatBecameOf(value))
                  .set(
                      AUDIT_ENTRY.SHADOW_INDEX_ID,
                      value.of(AUDIT_ENTRY.SHADOW_INDEX_ID, AuditEntry::buildId))
                  .set(AUDIT_ENTRY.LOCK_ID, value.of(AUDIT_ENTRY.LOCK_ID, AuditEntry::lockId))
                  .set(AUDIT_ENTRY.REVISION, value.of(AUDIT_ENTRY.REVISION, AuditEntry::revision))
                  .set(
                      AUDIT_ENTRY.FENCING_TOKEN,
                      value.of(AUDIT_ENTRY.FENCING_TOKEN, AuditEntry::fencingToken))
                  .returning(AUDIT_ENTRY.SEQUENCE),
          AUDIT_ENTRY.SEQUENCE);

  /** Writes what is known of a call at its first effect, and answers its place in the log. */
  static long begin(
      DSLContext transaction,
      Call call,
      @Nullable UUID buildId,
      @Nullable UUID lockId,
      @Nullable Long revision) {
    return INSERT
        .fetch(
            transaction,
            new AuditEntry(
                0,
                call,
                buildId == null ? call.buildId() : buildId,
                lockId,
                Outcome.UNKNOWN,
                revision,
                call.fencingToken()))
        .orElseThrow()
        .get(AUDIT_ENTRY.SEQUENCE);
  }

  /** What is known better at the end of a call; it leaves a revision that this lacks. */
  private static final Kept<AuditEntry> COMPLETE =
      new Kept<>(
          value ->
              update(AUDIT_ENTRY)
                  .set(whatBecameOf(value))
                  .set(
                      AUDIT_ENTRY.SHADOW_INDEX_ID,
                      coalesce(
                          value.of(AUDIT_ENTRY.SHADOW_INDEX_ID, AuditEntry::buildId),
                          AUDIT_ENTRY.SHADOW_INDEX_ID))
                  .set(
                      AUDIT_ENTRY.LOCK_ID,
                      coalesce(
                          value.of(AUDIT_ENTRY.LOCK_ID, AuditEntry::lockId), AUDIT_ENTRY.LOCK_ID))
                  .set(
                      AUDIT_ENTRY.REVISION,
                      coalesce(
                          value.of(AUDIT_ENTRY.REVISION, AuditEntry::revision),
                          AUDIT_ENTRY.REVISION))
                  .set(
                      AUDIT_ENTRY.FENCING_TOKEN,
                      coalesce(
                          value.of(AUDIT_ENTRY.FENCING_TOKEN, AuditEntry::fencingToken),
                          AUDIT_ENTRY.FENCING_TOKEN))
                  .where(
                      AUDIT_ENTRY.SEQUENCE.eq(
                          value.of(AUDIT_ENTRY.SEQUENCE, AuditEntry::sequence))));

  @Override
  public void save(List<AuditEntry> ended) {
    transactions.write(
        transaction -> {
          for (AuditEntry entry : ended) {
            if (entry.sequence() == 0) {
              var _ = INSERT.fetch(transaction, entry);
            } else {
              var _ = COMPLETE.execute(transaction, entry);
            }
          }
          return true; // a transaction answers something; there is nothing to say
        });
  }

  @Override
  public List<AuditEntry> incomplete(long last) {
    return transactions.read(
        query ->
            query
                .selectFrom(AUDIT_ENTRY)
                .where(AUDIT_ENTRY.SEQUENCE.le(last))
                .and(AUDIT_ENTRY.RESULT.eq(Outcome.UNKNOWN.result()))
                .orderBy(AUDIT_ENTRY.SEQUENCE)
                .fetch(AuditRows::toEntry));
  }

  @Override
  public List<AuditEntry> list(Filter filter, long before, int limit) {
    return transactions.read(
        query ->
            query
                .selectFrom(AUDIT_ENTRY)
                .where(matches(filter))
                .and(AUDIT_ENTRY.SEQUENCE.lt(before))
                .orderBy(AUDIT_ENTRY.SEQUENCE.desc())
                .limit(limit)
                .fetch(AuditRows::toEntry));
  }

  @Override
  public int forget(Instant before, int limit) {
    Long last = transactions.read(query -> lastToForget(query, before, limit)).orElse(null);
    if (last == null) {
      return 0;
    }
    return transactions.write(
        transaction ->
            transaction.deleteFrom(AUDIT_ENTRY).where(AUDIT_ENTRY.SEQUENCE.le(last)).execute());
  }

  /** Entries stand nearly in the order of their times, so that these need no index. */
  private static Optional<Long> lastToForget(DSLContext query, Instant before, int limit) {
    return query
        .select(AUDIT_ENTRY.SEQUENCE, AUDIT_ENTRY.OCCURRED_AT)
        .from(AUDIT_ENTRY)
        .orderBy(AUDIT_ENTRY.SEQUENCE)
        .limit(limit)
        .fetch()
        .stream()
        .takeWhile(entry -> entry.value2().isBefore(before))
        .map(Record2::value1)
        .reduce((one, next) -> next);
  }

  private static Condition matches(Filter filter) {
    return equal(AUDIT_ENTRY.BRANCH_NAME, filter.target().branchName())
        .and(equal(AUDIT_ENTRY.INDEX_TYPE, filter.target().indexType()))
        .and(equal(AUDIT_ENTRY.INDEX_NAME, filter.target().indexName()))
        .and(equal(AUDIT_ENTRY.METHOD, filter.method()))
        .and(equal(AUDIT_ENTRY.RESULT, filter.result()))
        .and(
            filter.buildId() == null
                ? noCondition()
                : AUDIT_ENTRY.SHADOW_INDEX_ID.eq(filter.buildId()));
  }

  private static Condition equal(Field<String> field, @Nullable String wanted) {
    return wanted == null || wanted.isEmpty() ? noCondition() : field.eq(wanted);
  }

  private static AuditEntry toEntry(AuditEntryRecord row) {
    return new AuditEntry(
        row.getSequence(),
        new Call(
            row.getCallId(),
            row.getOccurredAt(),
            row.getPrincipal(),
            row.getPeer(),
            row.getMethod(),
            row.getRequestId(),
            new Call.Target(row.getBranchName(), row.getIndexType(), row.getIndexName()),
            row.getShadowIndexId(),
            row.getLockId(),
            row.getFencingToken(),
            row.getForced()),
        row.getShadowIndexId(),
        row.getLockId(),
        new Outcome(row.getResult(), row.getReason(), row.getMessage()),
        row.getRevision(),
        row.getFencingToken());
  }
}
