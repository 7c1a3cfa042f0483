package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.BuildEvent.BUILD_EVENT;
import static io.shadowindex.server.storage.schema.tables.Counter.COUNTER;
import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.StateChange;
import io.shadowindex.server.watch.BuildLog;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/** The log of state changes, with the counters that number them. */
final class EventLog implements BuildLog {

  private final Transactions transactions;

  EventLog(Transactions transactions) {
    this.transactions = transactions;
  }

  /** A change that has no number yet. */
  record Unnumbered(
      UUID buildId,
      @Nullable BuildState previous,
      BuildState state,
      int attempt,
      String message,
      Instant occurredAt) {}

  /**
   * Appends changes and gives their builds the new revisions. The last thing a transaction does:
   * the row of the counter stays locked until the commit, which is what makes revisions
   * commit-ordered on any database.
   */
  static void append(DSLContext transaction, List<Unnumbered> changes) {
    transaction
        .update(COUNTER)
        .set(COUNTER.REVISION, COUNTER.REVISION.plus(changes.size()))
        .execute();
    long last = transaction.select(COUNTER.REVISION).from(COUNTER).fetchSingle().value1();
    long revision = last - changes.size();
    for (Unnumbered change : changes) {
      revision++;
      transaction
          .insertInto(BUILD_EVENT)
          .set(BUILD_EVENT.REVISION, revision)
          .set(BUILD_EVENT.SHADOW_INDEX_ID, change.buildId())
          .set(BUILD_EVENT.PREVIOUS_STATE, name(change.previous()))
          .set(BUILD_EVENT.STATE, change.state().name())
          .set(BUILD_EVENT.ATTEMPT, change.attempt())
          .set(BUILD_EVENT.MESSAGE, change.message())
          .set(BUILD_EVENT.OCCURRED_AT, change.occurredAt())
          .execute();
      var update = transaction.update(SHADOW_INDEX).set(SHADOW_INDEX.REVISION, revision);
      (change.previous() == null ? update.set(SHADOW_INDEX.SEQUENCE, revision) : update)
          .where(SHADOW_INDEX.SHADOW_INDEX_ID.eq(change.buildId()))
          .execute();
      RequestRows.record(transaction, change.buildId(), revision, change.occurredAt());
    }
  }

  /** The next fencing token; never given out before. */
  static long nextFencingToken(DSLContext transaction) {
    transaction.update(COUNTER).set(COUNTER.FENCING_TOKEN, COUNTER.FENCING_TOKEN.plus(1)).execute();
    return transaction.select(COUNTER.FENCING_TOKEN).from(COUNTER).fetchSingle().value1();
  }

  @Override
  public long newestRevision() {
    return transactions.read(
        query -> query.select(COUNTER.REVISION).from(COUNTER).fetchSingle().value1());
  }

  @Override
  public List<StateChange> after(long revision, int limit) {
    return select(BUILD_EVENT.REVISION.gt(revision), limit);
  }

  @Override
  public List<StateChange> ofBuildAfter(UUID buildId, long revision, int limit) {
    return select(
        BUILD_EVENT.SHADOW_INDEX_ID.eq(buildId).and(BUILD_EVENT.REVISION.gt(revision)), limit);
  }

  private List<StateChange> select(Condition condition, int limit) {
    return transactions.read(
        query ->
            query
                .selectFrom(BUILD_EVENT)
                .where(condition)
                .orderBy(BUILD_EVENT.REVISION)
                .limit(limit)
                .fetch(EventLog::toStateChange));
  }

  private static StateChange toStateChange(Record row) {
    String previous = row.get(BUILD_EVENT.PREVIOUS_STATE);
    return new StateChange(
        row.get(BUILD_EVENT.REVISION),
        row.get(BUILD_EVENT.SHADOW_INDEX_ID),
        previous == null ? null : BuildState.valueOf(previous),
        BuildState.valueOf(row.get(BUILD_EVENT.STATE)),
        row.get(BUILD_EVENT.ATTEMPT),
        row.get(BUILD_EVENT.MESSAGE),
        row.get(BUILD_EVENT.OCCURRED_AT));
  }

  private static @Nullable String name(@Nullable BuildState state) {
    return state == null ? null : state.name();
  }
}
