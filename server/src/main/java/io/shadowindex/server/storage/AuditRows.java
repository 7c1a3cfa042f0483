package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.AuditEntry.AUDIT_ENTRY;
import static org.jooq.impl.DSL.noCondition;

import io.shadowindex.server.audit.AuditEntry;
import io.shadowindex.server.audit.AuditEntry.Outcome;
import io.shadowindex.server.audit.AuditStore;
import io.shadowindex.server.request.Call;
import io.shadowindex.server.storage.schema.tables.records.AuditEntryRecord;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record2;
import org.jspecify.annotations.Nullable;

/** The audit log in a relational database. */
final class AuditRows implements AuditStore {

  private final Transactions transactions;

  AuditRows(Transactions transactions) {
    this.transactions = transactions;
  }

  /** Writes what is known of a call at its first effect. */
  static void begin(
      DSLContext transaction,
      Call call,
      @Nullable UUID buildId,
      @Nullable UUID lockId,
      @Nullable Long revision) {
    insert(
        transaction,
        new AuditEntry(
            0,
            call,
            buildId == null ? call.buildId() : buildId,
            lockId,
            Outcome.UNKNOWN,
            revision,
            call.fencingToken()));
  }

  @Override
  public void save(List<Ended> ended) {
    transactions.write(
        transaction -> {
          for (Ended each : ended) {
            AuditEntry entry = each.entry();
            if (each.written()) {
              transaction
                  .update(AUDIT_ENTRY)
                  .set(about(entry))
                  .where(AUDIT_ENTRY.CALL_ID.eq(entry.call().id()))
                  .execute();
            } else {
              insert(transaction, entry);
            }
          }
          return true; // a transaction answers something; there is nothing to say
        });
  }

  private static void insert(DSLContext transaction, AuditEntry entry) {
    Call call = entry.call();
    transaction
        .insertInto(AUDIT_ENTRY)
        .set(AUDIT_ENTRY.CALL_ID, call.id())
        .set(AUDIT_ENTRY.OCCURRED_AT, call.at())
        .set(AUDIT_ENTRY.PRINCIPAL, call.principal())
        .set(AUDIT_ENTRY.PEER, call.peer())
        .set(AUDIT_ENTRY.METHOD, call.method())
        .set(AUDIT_ENTRY.REQUEST_ID, call.requestId())
        .set(AUDIT_ENTRY.FORCED, call.forced())
        .set(about(entry))
        .execute();
  }

  /** What is known better at the end of a call. An update leaves a revision that it lacks. */
  private static Map<Field<?>, @Nullable Object> about(AuditEntry entry) {
    var values = new HashMap<Field<?>, @Nullable Object>();
    values.put(AUDIT_ENTRY.BRANCH_NAME, entry.call().target().branchName());
    values.put(AUDIT_ENTRY.INDEX_TYPE, entry.call().target().indexType());
    values.put(AUDIT_ENTRY.INDEX_NAME, entry.call().target().indexName());
    values.put(AUDIT_ENTRY.RESULT, entry.outcome().result());
    values.put(AUDIT_ENTRY.REASON, entry.outcome().reason());
    values.put(AUDIT_ENTRY.MESSAGE, entry.outcome().message());
    if (entry.buildId() != null) {
      values.put(AUDIT_ENTRY.SHADOW_INDEX_ID, entry.buildId());
    }
    if (entry.lockId() != null) {
      values.put(AUDIT_ENTRY.LOCK_ID, entry.lockId());
    }
    if (entry.revision() != null) {
      values.put(AUDIT_ENTRY.REVISION, entry.revision());
    }
    if (entry.fencingToken() != null) {
      values.put(AUDIT_ENTRY.FENCING_TOKEN, entry.fencingToken());
    }
    return values;
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
