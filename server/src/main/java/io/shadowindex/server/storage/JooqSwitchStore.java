package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.IndexSlots.isSlotOf;
import static io.shadowindex.server.storage.schema.tables.IndexSlot.INDEX_SLOT;
import static io.shadowindex.server.storage.schema.tables.ResourceLock.RESOURCE_LOCK;
import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static io.shadowindex.server.storage.schema.tables.SwitchJournal.SWITCH_JOURNAL;

import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.storage.EventLog.Unnumbered;
import io.shadowindex.server.switchover.SwitchJournal;
import io.shadowindex.server.switchover.SwitchStore;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/** The journal of switches and their locks in a relational database. */
final class JooqSwitchStore implements SwitchStore {

  private final Transactions transactions;
  private final InstantSource clock;

  JooqSwitchStore(Transactions transactions, InstantSource clock) {
    this.transactions = transactions;
    this.clock = clock;
  }

  @Override
  public Intention intend(
      UUID buildId, @Nullable Long revision, boolean backupCurrent, String remark) {
    return transactions.write(
        transaction -> {
          Instant now = now();
          Optional<Intention> blocked = blockedBy(transaction, buildId);
          if (blocked.isPresent()) {
            return blocked.get();
          }
          ShadowIndex build =
              Transition.apply(
                  transaction, buildId, new Precondition(null, revision), Trigger.SWITCH, Map.of());
          IndexKey key = build.spec().key();
          UUID oldId =
              transaction
                  .select(INDEX_SLOT.ACTIVE_ID)
                  .from(INDEX_SLOT)
                  .where(isSlotOf(key))
                  .fetchSingle()
                  .value1();
          var journal =
              new SwitchJournal(
                  buildId, oldId, key, SwitchJournal.Step.INTENDED, backupCurrent, remark);
          lock(transaction, build, now);
          insert(transaction, journal, now);
          EventLog.append(
              transaction, List.of(changed(build, Trigger.SWITCH, "the lock is held", now)));
          return new Intention.Granted(journal, System.nanoTime());
        });
  }

  /** The first of the build's resource types that another switch holds. */
  private static Optional<Intention> blockedBy(DSLContext transaction, UUID buildId) {
    ShadowIndex build = Transition.require(transaction, buildId);
    return transaction
        .selectFrom(RESOURCE_LOCK)
        .where(RESOURCE_LOCK.BRANCH_NAME.eq(build.spec().key().branchName()))
        .and(RESOURCE_LOCK.RESOURCE_TYPE.in(build.spec().resourceTypes()))
        .and(RESOURCE_LOCK.SHADOW_INDEX_ID.ne(buildId))
        .orderBy(RESOURCE_LOCK.RESOURCE_TYPE)
        .limit(1)
        .fetchOptional(
            held -> new Intention.Blocked(held.getResourceType(), held.getShadowIndexId()));
  }

  private static void lock(DSLContext transaction, ShadowIndex build, Instant now) {
    for (String resourceType : build.spec().resourceTypes()) {
      transaction
          .insertInto(RESOURCE_LOCK)
          .set(RESOURCE_LOCK.BRANCH_NAME, build.spec().key().branchName())
          .set(RESOURCE_LOCK.RESOURCE_TYPE, resourceType)
          .set(RESOURCE_LOCK.SHADOW_INDEX_ID, build.id())
          .set(RESOURCE_LOCK.ACQUIRED_AT, now)
          .execute();
    }
  }

  private static void insert(DSLContext transaction, SwitchJournal journal, Instant now) {
    transaction
        .insertInto(SWITCH_JOURNAL)
        .set(SWITCH_JOURNAL.SHADOW_INDEX_ID, journal.newId())
        .set(SWITCH_JOURNAL.BRANCH_NAME, journal.key().branchName())
        .set(SWITCH_JOURNAL.INDEX_TYPE, journal.key().indexType().name())
        .set(SWITCH_JOURNAL.INDEX_NAME, journal.key().indexName())
        .set(SWITCH_JOURNAL.OLD_ID, journal.oldId())
        .set(SWITCH_JOURNAL.STEP, journal.step().name())
        .set(SWITCH_JOURNAL.BACKUP_CURRENT, journal.backupCurrent())
        .set(SWITCH_JOURNAL.REMARK, journal.remark())
        .set(SWITCH_JOURNAL.BEGAN_AT, now)
        .execute();
  }

  @Override
  public void commit(SwitchJournal journal, Duration keepOldFiles, String message) {
    transactions.write(
        transaction -> {
          Instant now = now();
          var changes = new ArrayList<Unnumbered>();
          UUID oldId = journal.oldId();
          if (oldId != null) {
            ShadowIndex old =
                end(
                    transaction,
                    oldId,
                    Trigger.SUPERSEDED,
                    Map.of(SHADOW_INDEX.RETAIN_UNTIL, now.plus(keepOldFiles)));
            changes.add(changed(old, Trigger.SUPERSEDED, "superseded by " + journal.newId(), now));
          }
          ShadowIndex build =
              end(
                  transaction,
                  journal.newId(),
                  Trigger.SWITCHED,
                  Map.of(SHADOW_INDEX.SWITCHED_AT, now));
          changes.add(changed(build, Trigger.SWITCHED, message, now));
          transaction
              .update(INDEX_SLOT)
              .set(INDEX_SLOT.ACTIVE_ID, journal.newId())
              .setNull(INDEX_SLOT.LIVE_BUILD_ID)
              .where(isSlotOf(journal.key()))
              .execute();
          return close(transaction, journal, changes);
        });
  }

  @Override
  public void abort(SwitchJournal journal, String reason) {
    transactions.write(
        transaction -> {
          ShadowIndex build = end(transaction, journal.newId(), Trigger.SWITCH_ABORTED, Map.of());
          return close(
              transaction, journal, List.of(changed(build, Trigger.SWITCH_ABORTED, reason, now())));
        });
  }

  @Override
  public SwitchJournal markRollingBack(SwitchJournal journal, String reason) {
    return transactions.write(
        transaction -> {
          transaction
              .update(SWITCH_JOURNAL)
              .set(SWITCH_JOURNAL.STEP, SwitchJournal.Step.ROLLING_BACK.name())
              .set(SWITCH_JOURNAL.REMARK, reason)
              .where(SWITCH_JOURNAL.SHADOW_INDEX_ID.eq(journal.newId()))
              .execute();
          return new SwitchJournal(
              journal.newId(),
              journal.oldId(),
              journal.key(),
              SwitchJournal.Step.ROLLING_BACK,
              journal.backupCurrent(),
              reason);
        });
  }

  @Override
  public void rolledBack(SwitchJournal journal, Duration keepFiles) {
    transactions.write(
        transaction -> {
          Instant now = now();
          ShadowIndex build =
              end(
                  transaction,
                  journal.newId(),
                  Trigger.ROLLED_BACK,
                  Map.of(
                      SHADOW_INDEX.ERROR_MESSAGE,
                      journal.remark(),
                      SHADOW_INDEX.RETAIN_UNTIL,
                      now.plus(keepFiles)));
          transaction
              .update(INDEX_SLOT)
              .setNull(INDEX_SLOT.LIVE_BUILD_ID)
              .where(isSlotOf(journal.key()))
              .execute();
          return close(
              transaction,
              journal,
              List.of(changed(build, Trigger.ROLLED_BACK, journal.remark(), now)));
        });
  }

  @Override
  public List<SwitchJournal> open() {
    return transactions.read(
        query ->
            query
                .selectFrom(SWITCH_JOURNAL)
                .orderBy(SWITCH_JOURNAL.BEGAN_AT)
                .fetch(JooqSwitchStore::toJournal));
  }

  @Override
  public List<LiveGeneration> liveGenerations() {
    return transactions.read(
        query ->
            query
                .selectFrom(INDEX_SLOT)
                .fetch(
                    slot ->
                        new LiveGeneration(
                            new IndexKey(
                                slot.getBranchName(),
                                IndexType.valueOf(slot.getIndexType()),
                                slot.getIndexName()),
                            slot.getActiveId())));
  }

  @Override
  public List<String> lockedResourceTypes(String branchName) {
    return transactions.read(
        query ->
            query
                .select(RESOURCE_LOCK.RESOURCE_TYPE)
                .from(RESOURCE_LOCK)
                .where(RESOURCE_LOCK.BRANCH_NAME.eq(branchName))
                .orderBy(RESOURCE_LOCK.RESOURCE_TYPE)
                .fetch(locked -> locked.value1()));
  }

  private static ShadowIndex end(
      DSLContext transaction, UUID id, Trigger trigger, Map<Field<?>, @Nullable Object> values) {
    return Transition.apply(transaction, id, Precondition.NONE, trigger, values);
  }

  private static Unnumbered changed(
      ShadowIndex before, Trigger trigger, String message, Instant now) {
    return new Unnumbered(
        before.id(), before.state(), trigger.target(), before.attempt(), message, now);
  }

  private static boolean close(
      DSLContext transaction, SwitchJournal journal, List<Unnumbered> changes) {
    transaction
        .deleteFrom(SWITCH_JOURNAL)
        .where(SWITCH_JOURNAL.SHADOW_INDEX_ID.eq(journal.newId()))
        .execute();
    transaction
        .deleteFrom(RESOURCE_LOCK)
        .where(RESOURCE_LOCK.SHADOW_INDEX_ID.eq(journal.newId()))
        .execute();
    EventLog.append(transaction, changes);
    return true; // a transaction answers something; there is nothing to say
  }

  private static SwitchJournal toJournal(Record row) {
    return new SwitchJournal(
        row.get(SWITCH_JOURNAL.SHADOW_INDEX_ID),
        row.get(SWITCH_JOURNAL.OLD_ID),
        new IndexKey(
            row.get(SWITCH_JOURNAL.BRANCH_NAME),
            IndexType.valueOf(row.get(SWITCH_JOURNAL.INDEX_TYPE)),
            row.get(SWITCH_JOURNAL.INDEX_NAME)),
        SwitchJournal.Step.valueOf(row.get(SWITCH_JOURNAL.STEP)),
        row.get(SWITCH_JOURNAL.BACKUP_CURRENT),
        row.get(SWITCH_JOURNAL.REMARK));
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
