package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.IndexSlot.INDEX_SLOT;
import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static org.jooq.impl.DSL.castNull;
import static org.jooq.impl.DSL.noCondition;
import static org.jooq.impl.DSL.nullif;
import static org.jooq.impl.DSL.row;
import static org.jooq.impl.DSL.update;

import io.shadowindex.server.build.BuildStore.IndexEntry;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.refusal.Refusal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/** The rows that say of each index which build is its live one and which generation is active. */
final class IndexSlots {

  private IndexSlots() {}

  static Optional<IndexEntry> find(DSLContext query, IndexKey key, int retained) {
    return entries(query, isSlotOf(key), 1).stream()
        .findFirst()
        .map(
            entry ->
                new IndexEntry(
                    key,
                    entry.active(),
                    entry.live(),
                    BuildRows.newest(query, BuildRows.isRetainedBy(key), retained)));
  }

  static List<IndexEntry> list(
      DSLContext query,
      @Nullable String branchName,
      @Nullable IndexType indexType,
      @Nullable IndexKey after,
      int limit) {
    Condition condition = noCondition();
    if (branchName != null) {
      condition = condition.and(INDEX_SLOT.BRANCH_NAME.eq(branchName));
    }
    if (indexType != null) {
      condition = condition.and(INDEX_SLOT.INDEX_TYPE.eq(indexType.name()));
    }
    if (after != null) {
      condition =
          condition.and(
              row(INDEX_SLOT.BRANCH_NAME, INDEX_SLOT.INDEX_TYPE, INDEX_SLOT.INDEX_NAME)
                  .gt(after.branchName(), after.indexType().name(), after.indexName()));
    }
    return entries(query, condition, limit);
  }

  private static List<IndexEntry> entries(DSLContext query, Condition condition, int limit) {
    var slots =
        query
            .selectFrom(INDEX_SLOT)
            .where(condition)
            .orderBy(INDEX_SLOT.BRANCH_NAME, INDEX_SLOT.INDEX_TYPE, INDEX_SLOT.INDEX_NAME)
            .limit(limit)
            .fetch();
    List<UUID> ids =
        slots.stream()
            .flatMap(slot -> Stream.of(slot.getActiveId(), slot.getLiveBuildId()))
            .filter(id -> id != null)
            .toList();
    Map<UUID, ShadowIndex> builds =
        query
            .selectFrom(SHADOW_INDEX)
            .where(SHADOW_INDEX.SHADOW_INDEX_ID.in(ids))
            .fetch(BuildRows::toShadowIndex)
            .stream()
            .collect(Collectors.toMap(ShadowIndex::id, build -> build));
    return slots.stream()
        .map(
            slot ->
                new IndexEntry(
                    new IndexKey(
                        slot.getBranchName(),
                        IndexType.valueOf(slot.getIndexType()),
                        slot.getIndexName()),
                    builds.get(slot.getActiveId()),
                    builds.get(slot.getLiveBuildId()),
                    List.of()))
        .toList();
  }

  private record Slot(IndexKey key, UUID id) {}

  private static Condition isSlot(Kept.Places<Slot> value) {
    return INDEX_SLOT
        .BRANCH_NAME
        .eq(value.of(INDEX_SLOT.BRANCH_NAME, slot -> slot.key().branchName()))
        .and(
            INDEX_SLOT.INDEX_TYPE.eq(
                value.of(INDEX_SLOT.INDEX_TYPE, slot -> slot.key().indexType().name())))
        .and(
            INDEX_SLOT.INDEX_NAME.eq(
                value.of(INDEX_SLOT.INDEX_NAME, slot -> slot.key().indexName())));
  }

  private static final Kept<Slot> OCCUPY =
      new Kept<>(
          value ->
              update(INDEX_SLOT)
                  .set(INDEX_SLOT.LIVE_BUILD_ID, value.of(INDEX_SLOT.LIVE_BUILD_ID, Slot::id))
                  .where(isSlot(value))
                  .and(INDEX_SLOT.LIVE_BUILD_ID.isNull()));

  /** Makes the build the index's live one, or refuses because there is one. */
  static void occupy(DSLContext transaction, IndexKey key, UUID id) {
    var slot = new Slot(key, id);
    if (OCCUPY.execute(transaction, slot) == 1) {
      return;
    }
    int inserted =
        transaction
            .insertInto(INDEX_SLOT)
            .set(INDEX_SLOT.BRANCH_NAME, key.branchName())
            .set(INDEX_SLOT.INDEX_TYPE, key.indexType().name())
            .set(INDEX_SLOT.INDEX_NAME, key.indexName())
            .set(INDEX_SLOT.LIVE_BUILD_ID, id)
            .onConflictDoNothing()
            .execute();
    if (inserted == 0) {
      UUID live =
          transaction
              .select(INDEX_SLOT.LIVE_BUILD_ID)
              .from(INDEX_SLOT)
              .where(isSlotOf(key))
              .fetchSingle()
              .value1();
      throw new Refusal.BuildAlreadyExists(
              live, Transition.require(transaction, live).state().name())
          .exception();
    }
  }

  private static final Kept<Slot> FREE =
      new Kept<>(
          value ->
              update(INDEX_SLOT)
                  .set(INDEX_SLOT.LIVE_BUILD_ID, castNull(INDEX_SLOT.LIVE_BUILD_ID))
                  .where(isSlot(value))
                  .and(INDEX_SLOT.LIVE_BUILD_ID.eq(value.of(INDEX_SLOT.LIVE_BUILD_ID, Slot::id))));

  /** Frees the index when the build is its live one. */
  static void free(DSLContext transaction, IndexKey key, UUID id) {
    var _ = FREE.execute(transaction, new Slot(key, id));
  }

  private static final Kept<Slot> ACTIVATE =
      new Kept<>(
          value ->
              update(INDEX_SLOT)
                  .set(INDEX_SLOT.ACTIVE_ID, value.of(INDEX_SLOT.ACTIVE_ID, Slot::id))
                  .set(
                      INDEX_SLOT.LIVE_BUILD_ID,
                      nullif(
                          INDEX_SLOT.LIVE_BUILD_ID, value.of(INDEX_SLOT.LIVE_BUILD_ID, Slot::id)))
                  .where(isSlot(value)));

  /** Makes a generation the active one; a build of that id is no longer the live one. */
  static void activate(DSLContext transaction, IndexKey key, UUID id) {
    int known = ACTIVATE.execute(transaction, new Slot(key, id));
    if (known == 0) { // the index was deleted and comes back
      transaction
          .insertInto(INDEX_SLOT)
          .set(INDEX_SLOT.BRANCH_NAME, key.branchName())
          .set(INDEX_SLOT.INDEX_TYPE, key.indexType().name())
          .set(INDEX_SLOT.INDEX_NAME, key.indexName())
          .set(INDEX_SLOT.ACTIVE_ID, id)
          .execute();
    }
  }

  /** Nothing is active any more; the index is forgotten unless a build of it has begun. */
  static void remove(DSLContext transaction, IndexKey key) {
    transaction.update(INDEX_SLOT).setNull(INDEX_SLOT.ACTIVE_ID).where(isSlotOf(key)).execute();
    transaction
        .deleteFrom(INDEX_SLOT)
        .where(isSlotOf(key))
        .and(INDEX_SLOT.LIVE_BUILD_ID.isNull())
        .execute();
  }

  static Condition isSlotOf(IndexKey key) {
    return INDEX_SLOT
        .BRANCH_NAME
        .eq(key.branchName())
        .and(INDEX_SLOT.INDEX_TYPE.eq(key.indexType().name()))
        .and(INDEX_SLOT.INDEX_NAME.eq(key.indexName()));
  }
}
