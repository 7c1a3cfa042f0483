package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.Request.REQUEST;
import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static org.jooq.impl.DSL.insertInto;
import static org.jooq.impl.DSL.select;

import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.request.RecordedRequest;
import io.shadowindex.server.request.RequestKey;
import io.shadowindex.server.request.RequestStore;
import io.shadowindex.server.storage.schema.tables.records.RequestRecord;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/** Requests in a relational database. */
final class RequestRows implements RequestStore {

  private final Transactions transactions;

  RequestRows(Transactions transactions) {
    this.transactions = transactions;
  }

  private record Row(
      RequestKey key,
      @Nullable UUID buildId,
      @Nullable UUID lockId,
      @Nullable Long revision,
      Instant now) {}

  private static final Kept<Row> INSERT =
      new Kept<>(
          value ->
              insertInto(REQUEST)
                  .set(REQUEST.REQUEST_ID, value.of(REQUEST.REQUEST_ID, row -> row.key().id()))
                  .set(REQUEST.PRINCIPAL, value.of(REQUEST.PRINCIPAL, row -> row.key().principal()))
                  .set(REQUEST.METHOD, value.of(REQUEST.METHOD, row -> row.key().method()))
                  .set(REQUEST.DIGEST, value.of(REQUEST.DIGEST, row -> row.key().digest()))
                  .set(REQUEST.SHADOW_INDEX_ID, value.of(REQUEST.SHADOW_INDEX_ID, Row::buildId))
                  .set(REQUEST.LOCK_ID, value.of(REQUEST.LOCK_ID, Row::lockId))
                  .set(REQUEST.REVISION, value.of(REQUEST.REVISION, Row::revision))
                  .set(
                      REQUEST.FENCING_TOKEN,
                      select(SHADOW_INDEX.FENCING_TOKEN)
                          .from(SHADOW_INDEX)
                          .where(
                              SHADOW_INDEX.SHADOW_INDEX_ID.eq(
                                  value.of(SHADOW_INDEX.SHADOW_INDEX_ID, Row::buildId))))
                  .set(REQUEST.RECORDED_AT, value.of(REQUEST.RECORDED_AT, Row::now))
                  .onConflictDoNothing());

  /**
   * Writes a request in the transaction of its first effect. Refuses when another call has.
   *
   * @param buildId the build or generation that the effect is about; null for none
   * @param lockId the lock that it is about; null for none
   * @param revision its revision after the effect
   */
  static void insert(
      DSLContext transaction,
      RequestKey key,
      @Nullable UUID buildId,
      @Nullable UUID lockId,
      @Nullable Long revision,
      Instant now) {
    int inserted = INSERT.execute(transaction, new Row(key, buildId, lockId, revision, now));
    if (inserted == 0) {
      throw new Refusal.RequestUnderWay(key.id()).exception();
    }
  }

  @Override
  public Optional<RecordedRequest> find(UUID id) {
    return transactions.read(
        query ->
            query
                .selectFrom(REQUEST)
                .where(REQUEST.REQUEST_ID.eq(id))
                .fetchOptional(RequestRows::toRecordedRequest));
  }

  @Override
  public CompletionStage<?> saveAnswer(UUID id, ByteBuffer answer) {
    byte[] bytes = new byte[answer.remaining()];
    answer.duplicate().get(bytes);
    return transactions.writeLater(
        transaction ->
            transaction
                .update(REQUEST)
                .set(REQUEST.ANSWER, bytes)
                .where(REQUEST.REQUEST_ID.eq(id))
                .execute());
  }

  @Override
  public int forget(Instant before, int limit) {
    return transactions.write(
        transaction ->
            transaction
                .deleteFrom(REQUEST)
                .where(REQUEST.RECORDED_AT.lt(before))
                .limit(limit)
                .execute());
  }

  private static RecordedRequest toRecordedRequest(RequestRecord row) {
    byte[] answer = row.getAnswer();
    return new RecordedRequest(
        new RequestKey(row.getRequestId(), row.getPrincipal(), row.getMethod(), row.getDigest()),
        row.getShadowIndexId(),
        row.getLockId(),
        row.getRevision(),
        row.getFencingToken(),
        answer == null ? null : ByteBuffer.wrap(answer).asReadOnlyBuffer(),
        row.getRecordedAt());
  }
}
