package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.Counter.COUNTER;
import static io.shadowindex.server.storage.schema.tables.HeldLock.HELD_LOCK;
import static io.shadowindex.server.storage.schema.tables.LockEnding.LOCK_ENDING;
import static org.jooq.impl.DSL.countDistinct;
import static org.jooq.impl.DSL.max;
import static org.jooq.impl.DSL.min;
import static org.jooq.impl.DSL.noCondition;
import static org.jooq.impl.DSL.select;
import static org.jooq.impl.DSL.val;

import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockEvent;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockRequest;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.lock.LockType;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.storage.schema.tables.records.LockEndingRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/** Locks in a relational database. */
final class JooqLockStore implements LockStore {

  private static final Duration KEEP_ENDINGS = Duration.ofDays(30);

  private static final int MOST_ENDINGS = 100_000;

  /** How many leases one transaction ends at most: others wait for the writer meanwhile. */
  private static final int ENDED_AT_ONCE = 100;

  /** More than end meanwhile, so that a backlog goes. */
  private static final int FORGOTTEN_AT_ONCE = 2 * ENDED_AT_ONCE;

  private final Transactions transactions;
  private final int mostHeld;
  private final DatabaseClock clock;
  private final List<Consumer<LockEvent>> listeners = new CopyOnWriteArrayList<>();

  JooqLockStore(Transactions transactions, int mostHeld, DatabaseClock clock) {
    this.transactions = transactions;
    this.mostHeld = mostHeld;
    this.clock = clock;
  }

  @Override
  public void onEvent(Consumer<LockEvent> listener) {
    listeners.add(listener);
  }

  /** What a transaction answers, and what is told of it. */
  private record Change<T>(T answer, List<LockEvent> events) {
    Change(T answer, LockEvent event) {
      this(answer, List.of(event));
    }
  }

  private <T> T change(Function<DSLContext, Change<T>> transaction) {
    return transactions.write(transaction, change -> change.events().forEach(this::tell)).answer();
  }

  private void tell(LockEvent event) {
    listeners.forEach(listener -> listener.accept(event));
  }

  /** Who is in the way is asked outside of the transaction: they may be many, and others wait. */
  @Override
  public Attempt tryAcquire(UUID id, LockRequest request) {
    while (true) {
      Optional<Lease> granted = acquireUnlessBlocked(id, request);
      if (granted.isPresent()) {
        return new Granted(granted.get());
      }
      Conflicts conflicts = conflicts(request.name(), request.mode());
      if (!conflicts.isEmpty()) {
        return new Blocked(conflicts);
      }
    }
  }

  private Optional<Lease> acquireUnlessBlocked(UUID id, LockRequest request) {
    return change(
        transaction -> {
          if (transaction.fetchExists(
              HeldLocks.inTheWayOf(request.name(), request.mode(), clock))) {
            return new Change<>(Optional.empty(), List.of());
          }
          Instant now = clock.read(transaction);
          Instant expires = now.plus(request.lifetime());
          long token = admit(transaction);
          HeldLocks.insert(
              transaction, id, request, token, val(now, HELD_LOCK.ACQUIRED_AT), expires);
          var lease = new Lease(id, request, token, now, expires);
          Effects.recordLock(transaction, lease, now);
          return new Change<>(Optional.of(lease), LockEvent.acquired(lease));
        });
  }

  /**
   * Counts one more lease, and answers its fencing token. The count is in the row that the token
   * comes from, so that it costs no statement. To count the leases would take longer the more there
   * are, and so would {@code count(*)}: H2 looks at all that the batch has written so far for it.
   */
  private long admit(DSLContext transaction) {
    int admitted =
        transaction
            .update(COUNTER)
            .set(COUNTER.FENCING_TOKEN, COUNTER.FENCING_TOKEN.plus(1))
            .set(COUNTER.HELD_LEASES, COUNTER.HELD_LEASES.plus(1))
            .where(COUNTER.HELD_LEASES.lt(mostHeld))
            .execute();
    if (admitted == 0) {
      throw new Refusal.TooManyLocks(mostHeld).exception();
    }
    return EventLog.lastFencingToken(transaction);
  }

  /** A server of before the count may have worked on this state since. */
  void recount() {
    transactions.write(
        transaction ->
            transaction
                .update(COUNTER)
                .set(
                    COUNTER.HELD_LEASES,
                    select(countDistinct(HELD_LOCK.LOCK_ID))
                        .from(HELD_LOCK)
                        .where(HELD_LOCK.EXPIRES_AT.isNotNull())
                        .asField())
                .execute());
  }

  private static void remove(DSLContext transaction, UUID id) {
    HeldLocks.delete(transaction, id);
    transaction.update(COUNTER).set(COUNTER.HELD_LEASES, COUNTER.HELD_LEASES.minus(1)).execute();
  }

  @Override
  public Lease renew(UUID id, Holder holder) {
    return change(
        transaction -> {
          Lease lease = require(transaction, id);
          lease.requireHeldBy(holder);
          Instant now = clock.read(transaction);
          Instant expires = now.plus(lease.request().lifetime());
          transaction
              .update(HELD_LOCK)
              .set(HELD_LOCK.EXPIRES_AT, expires)
              .where(HELD_LOCK.LOCK_ID.eq(id))
              .execute();
          var renewed =
              new Lease(id, lease.request(), lease.fencingToken(), lease.acquiredAt(), expires);
          return new Change<>(renewed, LockEvent.renewed(renewed, now));
        });
  }

  @Override
  public Released release(UUID id, Holder holder, Set<String> resourceTypes) {
    return change(
        transaction -> {
          Lease lease = require(transaction, id);
          lease.requireHeldBy(holder);
          LockName freed = lease.part(resourceTypes);
          Lease rest = lease.without(freed);
          if (rest == null) {
            remove(transaction, id);
          } else {
            transaction
                .deleteFrom(HELD_LOCK)
                .where(HELD_LOCK.LOCK_ID.eq(id))
                .and(HELD_LOCK.RESOURCE_TYPE.in(freed.resourceTypes()))
                .execute();
          }
          Instant now = clock.read(transaction);
          Effects.recordLock(transaction, lease, now);
          var released = new Released(lease, freed, rest);
          return new Change<>(released, LockEvent.released(released, now));
        });
  }

  @Override
  public Ended forceRelease(UUID id, String administrator, String reason) {
    return change(
        transaction -> {
          Lease lease = require(transaction, id);
          Instant now = clock.read(transaction);
          Effects.recordLock(transaction, lease, now);
          var ended = new Ended(lease, Ended.How.FORCE_RELEASED, administrator, reason, now);
          return new Change<>(end(transaction, ended), LockEvent.ended(ended));
        });
  }

  @Override
  public Expiry expire() {
    Duration next = untilNextExpiry();
    if (next == null || next.isPositive()) {
      return new Expiry(List.of(), next);
    }
    List<Ended> ended =
        change(
            transaction -> {
              Instant now = clock.read(transaction);
              var endings = new ArrayList<Ended>();
              for (Lease lease : HeldLocks.leases(transaction, firstExpired(now))) {
                endings.add(
                    end(
                        transaction,
                        new Ended(
                            lease, Ended.How.EXPIRED, "", lease.request().expiryReason(), now)));
              }
              forget(transaction, now.minus(KEEP_ENDINGS));
              return new Change<>(endings, endings.stream().map(LockEvent::ended).toList());
            });
    return new Expiry(ended, untilNextExpiry());
  }

  /** The oldest endings, where they are too old or too many; only some of them at once. */
  private static void forget(DSLContext transaction, Instant before) {
    transaction
        .deleteFrom(LOCK_ENDING)
        .where(
            LOCK_ENDING.LOCK_ID.in(
                select(LOCK_ENDING.LOCK_ID)
                    .from(LOCK_ENDING)
                    .where(LOCK_ENDING.ENDED_AT.lt(before))
                    .orderBy(LOCK_ENDING.ENDED_AT)
                    .limit(FORGOTTEN_AT_ONCE)))
        .execute();
    var ends =
        transaction
            .select(min(LOCK_ENDING.NUMBER), max(LOCK_ENDING.NUMBER))
            .from(LOCK_ENDING)
            .fetchSingle();
    if (ends.value1() != null && ends.value2() - ends.value1() >= MOST_ENDINGS) {
      long last = Math.min(ends.value2() - MOST_ENDINGS, ends.value1() + FORGOTTEN_AT_ONCE);
      transaction.deleteFrom(LOCK_ENDING).where(LOCK_ENDING.NUMBER.le(last)).execute();
    }
  }

  private static Condition firstExpired(Instant now) {
    return HELD_LOCK.LOCK_ID.in(
        select(HELD_LOCK.LOCK_ID)
            .from(HELD_LOCK)
            .where(HELD_LOCK.EXPIRES_AT.le(now))
            .orderBy(HELD_LOCK.EXPIRES_AT)
            .limit(ENDED_AT_ONCE));
  }

  private @Nullable Duration untilNextExpiry() {
    return transactions
        .read(
            query ->
                Optional.ofNullable(
                        query
                            .select(min(HELD_LOCK.EXPIRES_AT))
                            .from(HELD_LOCK)
                            .fetchSingle()
                            .value1())
                    .map(next -> Duration.between(clock.read(query), next)))
        .orElse(null);
  }

  private static Ended end(DSLContext transaction, Ended ended) {
    Lease lease = ended.lease();
    LockRequest request = lease.request();
    remove(transaction, lease.id());
    transaction
        .insertInto(LOCK_ENDING)
        .set(LOCK_ENDING.LOCK_ID, lease.id())
        .set(LOCK_ENDING.BRANCH_NAME, request.name().branchName())
        .set(LOCK_ENDING.RESOURCE_TYPES, request.name().resourceTypes().toArray(String[]::new))
        .set(LOCK_ENDING.RESOURCE_ID, request.name().resourceId())
        .set(LOCK_ENDING.LOCK_TYPE, request.type().name())
        .set(LOCK_ENDING.LOCK_MODE, request.mode().name())
        .set(LOCK_ENDING.OWNER, request.owner())
        .set(LOCK_ENDING.REASON, request.reason())
        .set(LOCK_ENDING.TTL_SECONDS, (int) request.ttl().toSeconds())
        .set(LOCK_ENDING.HEARTBEAT_INTERVAL_SECONDS, (int) request.heartbeatInterval().toSeconds())
        .set(LOCK_ENDING.FENCING_TOKEN, lease.fencingToken())
        .set(LOCK_ENDING.ACQUIRED_AT, lease.acquiredAt())
        .set(LOCK_ENDING.EXPIRES_AT, lease.expiresAt())
        .set(LOCK_ENDING.HOW, ended.how().name())
        .set(LOCK_ENDING.ENDED_BY, ended.by())
        .set(LOCK_ENDING.END_REASON, ended.reason())
        .set(LOCK_ENDING.ENDED_AT, ended.at())
        .execute();
    return ended;
  }

  @Override
  public int held() {
    return transactions.read(
        query -> query.select(COUNTER.HELD_LEASES).from(COUNTER).fetchSingle().value1());
  }

  @Override
  public Conflicts conflicts(LockName name, LockMode mode) {
    return transactions.read(
        query -> HeldLocks.conflicts(query, HeldLocks.inTheWayOf(name, mode, clock), clock));
  }

  @Override
  public Optional<Lease> find(UUID id) {
    return transactions.read(query -> find(query, id));
  }

  @Override
  public Optional<String> acquiredBy(UUID id) {
    return transactions.read(
        query ->
            query
                .selectDistinct(HELD_LOCK.ACQUIRED_BY)
                .from(HELD_LOCK)
                .where(HELD_LOCK.LOCK_ID.eq(id).and(HeldLocks.alive(clock)))
                .fetchOptional(HELD_LOCK.ACQUIRED_BY));
  }

  @Override
  public List<Lease> list(LockFilter filter, long after, int limit) {
    Condition rows = HELD_LOCK.FENCING_TOKEN.gt(after).and(HeldLocks.alive(clock));
    if (filter.branchName() != null) {
      rows = rows.and(HELD_LOCK.BRANCH_NAME.eq(filter.branchName()));
    }
    if (filter.resourceType() != null) {
      rows = rows.and(HELD_LOCK.RESOURCE_TYPE.in("", filter.resourceType()));
    }
    if (filter.owner() != null) {
      rows = rows.and(HELD_LOCK.OWNER.eq(filter.owner()));
    }
    Condition matching = rows;
    return transactions.read(query -> first(query, matching, limit)).stream()
        .sorted(Comparator.comparingLong(Lease::fencingToken))
        .toList();
  }

  /** Two queries, since H2 would ask a query within one again for every row: the time is in it. */
  private static List<Lease> first(DSLContext query, Condition matching, int limit) {
    List<UUID> ids =
        query
            .select(HELD_LOCK.LOCK_ID)
            .from(HELD_LOCK)
            .where(matching)
            .groupBy(HELD_LOCK.LOCK_ID)
            .orderBy(min(HELD_LOCK.FENCING_TOKEN))
            .limit(limit)
            .fetch(HELD_LOCK.LOCK_ID);
    return HeldLocks.leases(query, HELD_LOCK.LOCK_ID.in(ids));
  }

  @Override
  public List<Ended> ended(@Nullable String branchName, int limit) {
    Condition condition =
        branchName == null ? noCondition() : LOCK_ENDING.BRANCH_NAME.eq(branchName);
    return transactions.read(
        query ->
            query
                .selectFrom(LOCK_ENDING)
                .where(condition)
                .orderBy(LOCK_ENDING.ENDED_AT.desc(), LOCK_ENDING.FENCING_TOKEN.desc())
                .limit(limit)
                .fetch(JooqLockStore::toEnded));
  }

  private static Ended toEnded(LockEndingRecord row) {
    var request =
        new LockRequest(
            new LockName(row.getBranchName(), List.of(row.getResourceTypes()), row.getResourceId()),
            LockType.valueOf(row.getLockType()),
            LockMode.valueOf(row.getLockMode()),
            row.getOwner(),
            row.getReason(),
            Duration.ofSeconds(row.getTtlSeconds()),
            Duration.ofSeconds(row.getHeartbeatIntervalSeconds()));
    return new Ended(
        new Lease(
            row.getLockId(),
            request,
            row.getFencingToken(),
            row.getAcquiredAt(),
            row.getExpiresAt()),
        Ended.How.valueOf(row.getHow()),
        row.getEndedBy(),
        row.getEndReason(),
        row.getEndedAt());
  }

  /** A lease that its holder or an administrator may end; that of a switch is none. */
  private Lease require(DSLContext transaction, UUID id) {
    return find(transaction, id)
        .filter(lease -> !lease.ofSwitch())
        .orElseThrow(() -> new Refusal.LockNotFound(id).exception());
  }

  private Optional<Lease> find(DSLContext query, UUID id) {
    return HeldLocks.leases(query, HELD_LOCK.LOCK_ID.eq(id).and(HeldLocks.alive(clock))).stream()
        .findFirst();
  }
}
