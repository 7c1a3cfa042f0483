package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.IndexSlots.isSlotOf;
import static io.shadowindex.server.storage.schema.tables.HeldLock.HELD_LOCK;
import static io.shadowindex.server.storage.schema.tables.IndexSlot.INDEX_SLOT;
import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static org.jooq.impl.DSL.select;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.Generation;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockRequest;
import io.shadowindex.server.lock.LockStore.Conflicts;
import io.shadowindex.server.lock.LockType;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.storage.EventLog.Unnumbered;
import io.shadowindex.server.storage.schema.tables.records.IndexSlotRecord;
import io.shadowindex.server.switchover.SwitchJournal;
import io.shadowindex.server.switchover.SwitchJournal.Kind;
import io.shadowindex.server.switchover.SwitchStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jspecify.annotations.Nullable;

/** The journal of switches and their locks in a relational database. */
final class JooqSwitchStore implements SwitchStore {

  private static final DatabaseClock LOCK_CLOCK = DatabaseClock.REAL;
  private static final String LOCK_OWNER = "shadowindex";

  private final Transactions transactions;
  private final InstantSource clock;

  JooqSwitchStore(Transactions transactions, InstantSource clock) {
    this.transactions = transactions;
    this.clock = clock;
  }

  @Override
  public <T> Optional<T> exclusively(Change<T> change, long deadline) throws IOException {
    return transactions.exclusively(change::run, deadline);
  }

  @Override
  public Intention intend(
      UUID buildId, @Nullable Long revision, boolean backupCurrent, String remark) {
    var precondition = new Precondition(null, revision);
    return transactions.write(
        transaction -> {
          ShadowIndex build =
              Transition.requirePermitted(transaction, buildId, precondition, Trigger.SWITCH);
          return open(
              transaction,
              Kind.SWITCH,
              build,
              backupCurrent,
              remark,
              now -> {
                var _ = Transition.apply(transaction, build, Trigger.SWITCH, Map.of());
                return List.of(changed(build, Trigger.SWITCH, "the lock is held", now));
              });
        });
  }

  @Override
  public Intention intendRollback(UUID generationId, @Nullable UUID replacing) {
    return transactions.write(
        transaction -> {
          Intention intention = openRollback(transaction, generationId, true, "");
          if (replacing != null
              && intention instanceof Intention.Granted(SwitchJournal journal, Lease _, long _)
              && (journal.old() == null || !replacing.equals(journal.old().id()))) {
            throw new Refusal.IndexChanged(replacing).exception();
          }
          return intention;
        });
  }

  @Override
  public Intention intendUndo(UUID generationId, UUID replacing, String reason) {
    return transactions.write(
        transaction -> {
          var _ =
              Transition.requirePermitted(
                  transaction, replacing, Precondition.NONE, Trigger.SUPERSEDED);
          return openRollback(transaction, generationId, false, reason);
        });
  }

  private Intention openRollback(
      DSLContext transaction, UUID generationId, boolean backupCurrent, String remark) {
    ShadowIndex generation =
        Transition.requirePermitted(
            transaction, generationId, Precondition.NONE, Trigger.REINSTATED);
    if (!generation.hasFiles()) {
      throw new Refusal.GenerationNotRetained(generationId).exception();
    }
    return open(transaction, Kind.ROLLBACK, generation, backupCurrent, remark, _ -> List.of());
  }

  @Override
  public Intention intendRemoval(IndexKey key) {
    return transactions.write(
        transaction -> {
          UUID active = requireNoLiveBuild(transaction, key).getActiveId();
          if (active == null) {
            throw indexNotFound(key);
          }
          ShadowIndex generation = Transition.require(transaction, active);
          return open(transaction, Kind.REMOVAL, generation, true, "", _ -> List.of());
        });
  }

  @Override
  public boolean forget(IndexKey key) {
    return transactions.write(
        transaction -> {
          requireNoLiveBuild(transaction, key);
          boolean forgotten =
              transaction
                      .deleteFrom(INDEX_SLOT)
                      .where(isSlotOf(key))
                      .and(INDEX_SLOT.ACTIVE_ID.isNull())
                      .execute()
                  == 1;
          if (forgotten) {
            Effects.record(transaction, null, null, now());
          }
          return forgotten;
        });
  }

  private static IndexSlotRecord requireNoLiveBuild(DSLContext transaction, IndexKey key) {
    IndexSlotRecord slot =
        transaction
            .selectFrom(INDEX_SLOT)
            .where(isSlotOf(key))
            .fetchOptional()
            .orElseThrow(() -> indexNotFound(key));
    UUID live = slot.getLiveBuildId();
    if (live != null) {
      throw new Refusal.IndexHasLiveBuild(
              live, Transition.require(transaction, live).state().name())
          .exception();
    }
    return slot;
  }

  /** What is written together with the journal; answers the changes of state in it. */
  private interface Beginning {
    List<Unnumbered> write(Instant now);
  }

  private Intention open(
      DSLContext transaction,
      Kind kind,
      ShadowIndex generation,
      boolean backupCurrent,
      String remark,
      Beginning beginning) {
    IndexKey key = generation.spec().key();
    Optional<ShadowIndex> old = active(transaction, key);
    Set<String> resourceTypes = resourceTypes(generation, old);
    Conflicts conflicts = conflicts(transaction, key, resourceTypes);
    if (!conflicts.isEmpty()) {
      return new Intention.Blocked(conflicts);
    }
    Instant now = now();
    var events = new ArrayList<Unnumbered>(beginning.write(now));
    LockRequest lock = lockRequest(kind, generation.id(), key, resourceTypes);
    long token = generation.fencingToken();
    HeldLocks.insert(transaction, generation.id(), lock, token, LOCK_CLOCK.now(), null);
    var journal =
        new SwitchJournal(
            kind,
            generation.generation(),
            old.map(ShadowIndex::generation).orElse(null),
            key,
            SwitchJournal.Step.INTENDED,
            backupCurrent,
            remark);
    JournalRows.insert(transaction, journal, now);
    Effects.record(transaction, generation.id(), generation.revision(), now);
    if (kind != Kind.REMOVAL) {
      BuildState state = kind == Kind.SWITCH ? BuildState.SWITCHING : generation.state();
      events.add(step(generation, state, BuildEvent.Kind.SWITCH_LOCKED, now));
      EventLog.append(transaction, events);
    }
    var lease = new Lease(generation.id(), lock, token, now, null);
    return new Intention.Granted(journal, lease, System.nanoTime());
  }

  /** What a change from one generation to another keeps writers away from. */
  private static Set<String> resourceTypes(ShadowIndex generation, Optional<ShadowIndex> old) {
    Set<String> resourceTypes = new LinkedHashSet<>(generation.spec().resourceTypes());
    old.ifPresent(replaced -> resourceTypes.addAll(replaced.spec().resourceTypes()));
    return resourceTypes;
  }

  private static LockRequest lockRequest(
      Kind kind, UUID generationId, IndexKey key, Set<String> resourceTypes) {
    return new LockRequest(
        LockName.resourceTypes(key.branchName(), resourceTypes),
        LockType.INDEXING,
        LockMode.EXCLUSIVE,
        LOCK_OWNER,
        "%s of %s".formatted(kind.name().toLowerCase(Locale.ROOT), generationId),
        Duration.ZERO,
        Duration.ZERO);
  }

  @Override
  public Conflicts conflicts(ShadowIndex build) {
    IndexKey key = build.spec().key();
    return transactions.read(
        query -> conflicts(query, key, resourceTypes(build, active(query, key))));
  }

  private static Optional<ShadowIndex> active(DSLContext transaction, IndexKey key) {
    return transaction
        .select(SHADOW_INDEX.fields())
        .from(SHADOW_INDEX)
        .join(INDEX_SLOT)
        .on(INDEX_SLOT.ACTIVE_ID.eq(SHADOW_INDEX.SHADOW_INDEX_ID))
        .where(isSlotOf(key))
        .fetchOptional(BuildRows::toShadowIndex);
  }

  /** The locks that are in the way: on one of the resource types, or of the same index. */
  private static Conflicts conflicts(
      DSLContext transaction, IndexKey key, Set<String> resourceTypes) {
    var name = LockName.resourceTypes(key.branchName(), resourceTypes);
    Conflicts onName =
        HeldLocks.conflicts(
            transaction, HeldLocks.inTheWayOf(name, LockMode.EXCLUSIVE, LOCK_CLOCK), LOCK_CLOCK);
    return onName.isEmpty()
        ? HeldLocks.conflicts(
            transaction,
            select(HELD_LOCK.LOCK_ID)
                .from(HELD_LOCK)
                .where(HELD_LOCK.LOCK_ID.in(JournalRows.idsOf(key))),
            LOCK_CLOCK)
        : onName;
  }

  private static RuntimeException indexNotFound(IndexKey key) {
    return new Refusal.IndexNotFound(key.branchName(), key.indexType().name(), key.indexName())
        .exception();
  }

  @Override
  public void commit(SwitchJournal journal, Duration keepOldFiles, String message) {
    transactions.write(
        transaction -> {
          Instant now = now();
          Instant keptUntil = now.plus(keepOldFiles);
          List<Unnumbered> changes =
              switch (journal.kind()) {
                case SWITCH ->
                    replace(transaction, journal, Trigger.SWITCHED, message, now, keptUntil);
                case ROLLBACK ->
                    replace(
                        transaction,
                        journal,
                        Trigger.REINSTATED,
                        because("rolled back", journal),
                        now,
                        keptUntil);
                case REMOVAL -> List.of(remove(transaction, journal, now, keptUntil));
              };
          return close(
              transaction,
              journal,
              journal.kind() == Kind.REMOVAL ? changes : afterSteps(journal, changes, now));
        });
  }

  /** The steps up to the commit, of which nothing was written while the lock was held. */
  private static List<Unnumbered> afterSteps(
      SwitchJournal journal, List<Unnumbered> changes, Instant now) {
    Unnumbered own =
        changes.stream()
            .filter(change -> change.buildId().equals(journal.generationId()))
            .findFirst()
            .orElseThrow();
    var events = new ArrayList<Unnumbered>();
    for (var step :
        List.of(
            BuildEvent.Kind.SWITCH_FLIPPED,
            BuildEvent.Kind.SWITCH_VERIFIED,
            BuildEvent.Kind.SWITCH_COMMITTED)) {
      events.add(own.before(step, now));
    }
    events.addAll(changes);
    return events;
  }

  private static List<Unnumbered> replace(
      DSLContext transaction,
      SwitchJournal journal,
      Trigger trigger,
      String message,
      Instant now,
      Instant keptUntil) {
    var changes = new ArrayList<Unnumbered>();
    Generation replaced = journal.old();
    if (replaced != null) {
      ShadowIndex old = permitted(transaction, replaced.id(), Trigger.SUPERSEDED);
      var _ =
          Transition.apply(
              transaction,
              old,
              Trigger.SUPERSEDED,
              Map.of(
                  SHADOW_INDEX.RETAIN_UNTIL,
                  keptUntil,
                  SHADOW_INDEX.BACKUP,
                  journal.backupCurrent(),
                  SHADOW_INDEX.LEFT_BY_ROLLBACK,
                  goesBack(transaction, journal)));
      String superseded = "superseded by " + journal.generationId();
      changes.add(
          changed(
              old,
              Trigger.SUPERSEDED,
              journal.kind() == Kind.ROLLBACK ? because(superseded, journal) : superseded,
              now));
    }
    ShadowIndex generation = permitted(transaction, journal.generationId(), trigger);
    var values = new HashMap<Field<?>, @Nullable Object>();
    values.put(SHADOW_INDEX.SWITCHED_AT, now);
    values.put(SHADOW_INDEX.RETAIN_UNTIL, null);
    values.put(SHADOW_INDEX.LEFT_BY_ROLLBACK, false);
    values.putAll(
        result(
            generation,
            true,
            journal.kind() == Kind.ROLLBACK ? "Index rolled back" : "Index switch completed",
            "",
            now));
    values.put(SHADOW_INDEX.AUTO_SWITCH_DUE, false);
    var _ = Transition.apply(transaction, generation, trigger, values);
    changes.add(changed(generation, trigger, message, now));
    IndexSlots.activate(transaction, journal.key(), journal.generationId());
    return changes;
  }

  /** Whether a change is a rollback, and not one to what a rollback has led away from. */
  private static boolean goesBack(DSLContext transaction, SwitchJournal journal) {
    return journal.kind() == Kind.ROLLBACK
        && !transaction
            .select(SHADOW_INDEX.LEFT_BY_ROLLBACK)
            .from(SHADOW_INDEX)
            .where(SHADOW_INDEX.SHADOW_INDEX_ID.eq(journal.generationId()))
            .fetchSingle()
            .value1();
  }

  /**
   * What becomes of a change as far as its transaction knows, so that no crash leaves it without a
   * result. Whoever carried it out writes the rest later: how long it took, what was found.
   */
  private static Map<Field<?>, @Nullable Object> result(
      ShadowIndex before, boolean success, String message, String verificationError, Instant now) {
    var values = new HashMap<Field<?>, @Nullable Object>();
    values.put(SHADOW_INDEX.LAST_SWITCH_AT, now);
    values.put(SHADOW_INDEX.LAST_SWITCH_SUCCESS, success);
    values.put(SHADOW_INDEX.LAST_SWITCH_AUTOMATIC, before.autoSwitchDue());
    values.put(SHADOW_INDEX.LAST_SWITCH_MESSAGE, message);
    values.put(SHADOW_INDEX.LAST_SWITCH_LOCK_HELD_MICROS, null);
    values.put(SHADOW_INDEX.LAST_SWITCH_DURATION_MICROS, null);
    values.put(SHADOW_INDEX.LAST_SWITCH_VALIDATION_ERRORS, new String[0]);
    values.put(
        SHADOW_INDEX.LAST_SWITCH_VERIFICATION_ERRORS,
        verificationError.isEmpty() ? new String[0] : new String[] {verificationError});
    return values;
  }

  private static String because(String happened, SwitchJournal journal) {
    return journal.remark().isEmpty() ? happened : happened + ": " + journal.remark();
  }

  private static Unnumbered remove(
      DSLContext transaction, SwitchJournal journal, Instant now, Instant keptUntil) {
    ShadowIndex generation = permitted(transaction, journal.generationId(), Trigger.REMOVED);
    var _ =
        Transition.apply(
            transaction, generation, Trigger.REMOVED, Map.of(SHADOW_INDEX.BACKUP, true));
    transaction
        .update(SHADOW_INDEX)
        .set(SHADOW_INDEX.RETAIN_UNTIL, keptUntil)
        .set(SHADOW_INDEX.BACKUP, false)
        .where(BuildRows.isRetainedBy(journal.key()))
        .and(SHADOW_INDEX.BACKUP)
        .execute();
    IndexSlots.remove(transaction, journal.key());
    return changed(generation, Trigger.REMOVED, "the index was deleted", now);
  }

  @Override
  public void abort(SwitchJournal journal, String reason) {
    transactions.write(
        transaction -> {
          Instant now = now();
          if (journal.kind() != Kind.SWITCH) {
            return closeUnchanged(
                transaction, journal, BuildEvent.Kind.SWITCH_ABORTED, reason, now);
          }
          ShadowIndex build =
              permitted(transaction, journal.generationId(), Trigger.SWITCH_ABORTED);
          var _ =
              Transition.apply(
                  transaction,
                  build,
                  Trigger.SWITCH_ABORTED,
                  result(build, false, reason, "", now));
          return close(
              transaction,
              journal,
              List.of(
                  Unnumbered.of(build, BuildEvent.Kind.SWITCH_ABORTED, reason, now),
                  changed(build, Trigger.SWITCH_ABORTED, reason, now)));
        });
  }

  @Override
  public SwitchJournal markRollingBack(SwitchJournal journal, String reason) {
    return transactions.write(
        transaction -> {
          var marked =
              new SwitchJournal(
                  journal.kind(),
                  journal.generation(),
                  journal.old(),
                  journal.key(),
                  SwitchJournal.Step.ROLLING_BACK,
                  journal.backupCurrent(),
                  reason);
          JournalRows.update(transaction, marked);
          return marked;
        });
  }

  @Override
  public void rolledBack(SwitchJournal journal, Duration keepFiles) {
    transactions.write(
        transaction -> {
          Instant now = now();
          if (journal.kind() != Kind.SWITCH) {
            return closeUnchanged(
                transaction, journal, BuildEvent.Kind.SWITCH_ROLLED_BACK, journal.remark(), now);
          }
          ShadowIndex build = permitted(transaction, journal.generationId(), Trigger.ROLLED_BACK);
          Map<Field<?>, @Nullable Object> values =
              result(
                  build, false, "Index not switched: verification failed", journal.remark(), now);
          values.put(SHADOW_INDEX.AUTO_SWITCH_DUE, false);
          values.put(SHADOW_INDEX.ERROR_MESSAGE, journal.remark());
          values.put(SHADOW_INDEX.RETAIN_UNTIL, now.plus(keepFiles));
          var _ = Transition.apply(transaction, build, Trigger.ROLLED_BACK, values);
          IndexSlots.free(transaction, journal.key(), journal.generationId());
          return close(
              transaction,
              journal,
              List.of(
                  Unnumbered.of(build, BuildEvent.Kind.SWITCH_ROLLED_BACK, journal.remark(), now),
                  changed(build, Trigger.ROLLED_BACK, journal.remark(), now)));
        });
  }

  /** Closes the journal of a change that left every state as it was. */
  private static boolean closeUnchanged(
      DSLContext transaction,
      SwitchJournal journal,
      BuildEvent.Kind how,
      String reason,
      Instant now) {
    ShadowIndex generation = Transition.require(transaction, journal.generationId());
    return close(
        transaction,
        journal,
        journal.kind() == Kind.REMOVAL
            ? List.of()
            : List.of(Unnumbered.of(generation, how, reason, now)));
  }

  @Override
  public List<SwitchJournal> open() {
    return transactions.read(JournalRows::all);
  }

  @Override
  public List<LiveGeneration> liveGenerations() {
    return transactions.read(
        query ->
            query
                .select(INDEX_SLOT.fields())
                .select(SHADOW_INDEX.SWITCH_STRATEGY)
                .from(INDEX_SLOT)
                .leftJoin(SHADOW_INDEX)
                .on(SHADOW_INDEX.SHADOW_INDEX_ID.eq(INDEX_SLOT.ACTIVE_ID))
                .fetch(
                    row ->
                        new LiveGeneration(
                            new IndexKey(
                                row.get(INDEX_SLOT.BRANCH_NAME),
                                IndexType.valueOf(row.get(INDEX_SLOT.INDEX_TYPE)),
                                row.get(INDEX_SLOT.INDEX_NAME)),
                            JournalRows.generation(
                                row.get(INDEX_SLOT.ACTIVE_ID),
                                row.get(SHADOW_INDEX.SWITCH_STRATEGY)))));
  }

  private static ShadowIndex permitted(DSLContext transaction, UUID id, Trigger trigger) {
    return Transition.requirePermitted(transaction, id, Precondition.NONE, trigger);
  }

  private static Unnumbered step(
      ShadowIndex build, BuildState state, BuildEvent.Kind step, Instant now) {
    return new Unnumbered(build.id(), step, state, state, build.attempt(), "", List.of(), now);
  }

  private static Unnumbered changed(
      ShadowIndex before, Trigger trigger, String message, Instant now) {
    return new Unnumbered(
        before.id(), before.state(), trigger.target(), before.attempt(), message, now);
  }

  private static boolean close(
      DSLContext transaction, SwitchJournal journal, List<Unnumbered> changes) {
    JournalRows.delete(transaction, journal.generationId());
    HeldLocks.delete(transaction, journal.generationId());
    if (!changes.isEmpty()) {
      EventLog.append(transaction, changes);
    }
    return true; // a transaction answers something; there is nothing to say
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
