package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static io.shadowindex.server.storage.schema.tables.SwitchJournal.SWITCH_JOURNAL;
import static org.jooq.impl.DSL.deleteFrom;
import static org.jooq.impl.DSL.select;

import io.shadowindex.server.index.Generation;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.index.SwitchStrategy;
import io.shadowindex.server.switchover.SwitchJournal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.Record1;
import org.jooq.Select;
import org.jspecify.annotations.Nullable;

/** The rows of the switch journal: one for each change of a live index that has not ended. */
final class JournalRows {

  private JournalRows() {}

  static void insert(DSLContext transaction, SwitchJournal journal, Instant now) {
    transaction
        .insertInto(SWITCH_JOURNAL)
        .set(SWITCH_JOURNAL.SHADOW_INDEX_ID, journal.generationId())
        .set(SWITCH_JOURNAL.KIND, journal.kind().name())
        .set(SWITCH_JOURNAL.BRANCH_NAME, journal.key().branchName())
        .set(SWITCH_JOURNAL.INDEX_TYPE, journal.key().indexType().name())
        .set(SWITCH_JOURNAL.INDEX_NAME, journal.key().indexName())
        .set(SWITCH_JOURNAL.OLD_ID, journal.old() == null ? null : journal.old().id())
        .set(SWITCH_JOURNAL.STEP, journal.step().name())
        .set(SWITCH_JOURNAL.BACKUP_CURRENT, journal.backupCurrent())
        .set(SWITCH_JOURNAL.REMARK, journal.remark())
        .set(SWITCH_JOURNAL.BEGAN_AT, now)
        .execute();
  }

  /** Writes how far it has come and the remark. */
  static void update(DSLContext transaction, SwitchJournal journal) {
    transaction
        .update(SWITCH_JOURNAL)
        .set(SWITCH_JOURNAL.STEP, journal.step().name())
        .set(SWITCH_JOURNAL.REMARK, journal.remark())
        .where(SWITCH_JOURNAL.SHADOW_INDEX_ID.eq(journal.generationId()))
        .execute();
  }

  private static final Kept<UUID> DELETE =
      new Kept<>(
          value ->
              deleteFrom(SWITCH_JOURNAL)
                  .where(
                      SWITCH_JOURNAL.SHADOW_INDEX_ID.eq(
                          value.of(SWITCH_JOURNAL.SHADOW_INDEX_ID, id -> id))));

  static void delete(DSLContext transaction, UUID generationId) {
    var _ = DELETE.execute(transaction, generationId);
  }

  /** The generations that an index is just changing to. */
  static Select<Record1<UUID>> idsOf(IndexKey key) {
    return select(SWITCH_JOURNAL.SHADOW_INDEX_ID)
        .from(SWITCH_JOURNAL)
        .where(SWITCH_JOURNAL.BRANCH_NAME.eq(key.branchName()))
        .and(SWITCH_JOURNAL.INDEX_TYPE.eq(key.indexType().name()))
        .and(SWITCH_JOURNAL.INDEX_NAME.eq(key.indexName()));
  }

  /** All of them, oldest first. */
  static List<SwitchJournal> all(DSLContext query) {
    var generation = SHADOW_INDEX.as("generation");
    var old = SHADOW_INDEX.as("old");
    return query
        .select(SWITCH_JOURNAL.fields())
        .select(generation.SWITCH_STRATEGY, old.SWITCH_STRATEGY)
        .from(SWITCH_JOURNAL)
        .join(generation)
        .on(generation.SHADOW_INDEX_ID.eq(SWITCH_JOURNAL.SHADOW_INDEX_ID))
        .leftJoin(old)
        .on(old.SHADOW_INDEX_ID.eq(SWITCH_JOURNAL.OLD_ID))
        .orderBy(SWITCH_JOURNAL.BEGAN_AT)
        .fetch(
            row ->
                toJournal(
                    row,
                    new Generation(
                        row.get(SWITCH_JOURNAL.SHADOW_INDEX_ID),
                        SwitchStrategy.valueOf(row.get(generation.SWITCH_STRATEGY))),
                    generation(row.get(SWITCH_JOURNAL.OLD_ID), row.get(old.SWITCH_STRATEGY))));
  }

  private static SwitchJournal toJournal(
      Record row, Generation generation, @Nullable Generation old) {
    return new SwitchJournal(
        SwitchJournal.Kind.valueOf(row.get(SWITCH_JOURNAL.KIND)),
        generation,
        old,
        new IndexKey(
            row.get(SWITCH_JOURNAL.BRANCH_NAME),
            IndexType.valueOf(row.get(SWITCH_JOURNAL.INDEX_TYPE)),
            row.get(SWITCH_JOURNAL.INDEX_NAME)),
        SwitchJournal.Step.valueOf(row.get(SWITCH_JOURNAL.STEP)),
        row.get(SWITCH_JOURNAL.BACKUP_CURRENT),
        row.get(SWITCH_JOURNAL.REMARK));
  }

  /** A generation as two columns have it; null for none. */
  static @Nullable Generation generation(@Nullable UUID id, @Nullable String strategy) {
    return id == null || strategy == null
        ? null
        : new Generation(id, SwitchStrategy.valueOf(strategy));
  }
}
