package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.WorkerPart.WORKER_PART;
import static org.jooq.impl.DSL.deleteFrom;

import io.shadowindex.server.build.BuildStore.ProgressUpdate;
import io.shadowindex.server.build.WorkerPart;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Query;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/** Rows of the table {@code worker_part}: of BUILDING builds only, and of their newest token. */
final class WorkerParts {

  private static final List<Field<?>> COLUMNS =
      List.of(
          WORKER_PART.SHADOW_INDEX_ID,
          WORKER_PART.WORKER_ID,
          WORKER_PART.PROGRESS_PERCENT,
          WORKER_PART.FRACTION,
          WORKER_PART.RECORD_COUNT,
          WORKER_PART.WEIGHT,
          WORKER_PART.DONE_AT,
          WORKER_PART.LOST);

  private WorkerParts() {}

  /** Stores parts of builds that are BUILDING under the token of the update. */
  static void save(DSLContext transaction, List<ProgressUpdate> updates) {
    Object[][] rows =
        updates.stream()
            .flatMap(
                update ->
                    update.parts().entrySet().stream()
                        .map(part -> values(update.id(), part.getKey(), part.getValue())))
            .toArray(Object[][]::new);
    if (rows.length > 0) {
      // One statement for all: to parse one for each would take longer than to carry it out.
      var _ = transaction.batch(upsert(transaction), rows).execute();
    }
  }

  private static @Nullable Object[] values(UUID buildId, String workerId, WorkerPart part) {
    return new @Nullable Object[] {
      buildId,
      workerId,
      part.percent(),
      part.fraction(),
      part.recordCount(),
      part.weight(),
      part.doneAt(),
      part.lost()
    };
  }

  private static Query upsert(DSLContext transaction) {
    return transaction
        .insertInto(WORKER_PART, COLUMNS)
        .values(new Object[COLUMNS.size()])
        .onConflict(WORKER_PART.SHADOW_INDEX_ID, WORKER_PART.WORKER_ID)
        .doUpdate()
        .setNonKeyToExcluded();
  }

  /** Notes that workers are lost. */
  static void lose(DSLContext transaction, UUID buildId, List<String> workers) {
    if (workers.isEmpty()) {
      return;
    }
    transaction
        .update(WORKER_PART)
        .set(WORKER_PART.LOST, true)
        .where(WORKER_PART.SHADOW_INDEX_ID.eq(buildId))
        .and(WORKER_PART.WORKER_ID.in(workers))
        .execute();
  }

  private static final Kept<UUID> FORGET =
      new Kept<>(
          value ->
              deleteFrom(WORKER_PART)
                  .where(
                      WORKER_PART.SHADOW_INDEX_ID.eq(
                          value.of(WORKER_PART.SHADOW_INDEX_ID, id -> id))));

  /** Forgets the parts of a build, as every transaction does that ends its token or BUILDING. */
  static void forget(DSLContext transaction, UUID buildId) {
    var _ = FORGET.execute(transaction, buildId);
  }

  static Map<String, WorkerPart> find(DSLContext query, UUID buildId, Instant heardAt) {
    return query
        .selectFrom(WORKER_PART)
        .where(WORKER_PART.SHADOW_INDEX_ID.eq(buildId))
        .fetchMap(WORKER_PART.WORKER_ID, row -> toPart(row, heardAt));
  }

  private static WorkerPart toPart(Record row, Instant heardAt) {
    return new WorkerPart(
        row.get(WORKER_PART.PROGRESS_PERCENT),
        row.get(WORKER_PART.FRACTION),
        row.get(WORKER_PART.RECORD_COUNT),
        row.get(WORKER_PART.WEIGHT),
        row.get(WORKER_PART.DONE_AT),
        heardAt,
        row.get(WORKER_PART.LOST));
  }
}
