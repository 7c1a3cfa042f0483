package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.HeldLock.HELD_LOCK;
import static org.jooq.impl.DSL.deleteFrom;
import static org.jooq.impl.DSL.select;

import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockRequest;
import io.shadowindex.server.lock.LockStore.Conflicts;
import io.shadowindex.server.lock.LockType;
import io.shadowindex.server.request.Mutation;
import io.shadowindex.server.storage.schema.tables.records.HeldLockRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record1;
import org.jooq.RowN;
import org.jooq.SelectConditionStep;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/** The rows of locks, for the store of locks and for that of switches, which take the same ones. */
final class HeldLocks {

  private HeldLocks() {}

  /**
   * The ids of locks that a lock of that name and mode excludes, and that have not expired; one for
   * each row. Only these rows are read: H2 uses more than the first column of a key for values that
   * are joined, and for a list of rows it does not.
   */
  static SelectConditionStep<Record1<UUID>> inTheWayOf(
      LockName name, LockMode mode, DatabaseClock clock) {
    List<String> modes =
        mode == LockMode.SHARED
            ? List.of(LockMode.EXCLUSIVE.name())
            : List.of(LockMode.EXCLUSIVE.name(), LockMode.SHARED.name());
    var places = new Places(HELD_LOCK.LOCK_MODE, modes);
    if (!name.resourceTypes().isEmpty()) {
      places = places.each(HELD_LOCK.RESOURCE_TYPE, withAll(name.resourceTypes()));
    }
    if (!name.resourceId().isEmpty()) {
      places = places.each(HELD_LOCK.RESOURCE_ID, withAll(List.of(name.resourceId())));
    }
    return select(HELD_LOCK.LOCK_ID)
        .from(HELD_LOCK)
        .join(places.table())
        .on(HELD_LOCK.BRANCH_NAME.eq(name.branchName()).and(places.match()))
        .where(alive(clock));
  }

  /** What stands for all types or all resources is in the way of each. */
  private static List<String> withAll(List<String> names) {
    return Stream.concat(Stream.of(""), names.stream()).toList();
  }

  /** Values of some columns, as a table to join. */
  private record Places(List<Field<String>> columns, List<List<String>> rows) {

    Places(Field<String> column, List<String> values) {
      this(List.of(column), values.stream().map(List::of).toList());
    }

    /** Each of them with each of these values. */
    Places each(Field<String> column, List<String> values) {
      return new Places(
          plus(columns, column),
          rows.stream().flatMap(row -> values.stream().map(value -> plus(row, value))).toList());
    }

    Table<?> table() {
      return DSL.values(rows.stream().map(DSL::row).toArray(RowN[]::new))
          .as("place", columns.stream().map(Field::getName).toArray(String[]::new));
    }

    Condition match() {
      return DSL.and(
          columns.stream()
              .map(
                  column -> column.eq(DSL.field(DSL.name("place", column.getName()), String.class)))
              .toList());
    }

    private static <T> List<T> plus(List<T> list, T more) {
      return Stream.concat(list.stream(), Stream.of(more)).toList();
    }
  }

  static Condition alive(DatabaseClock clock) {
    return HELD_LOCK.EXPIRES_AT.isNull().or(HELD_LOCK.EXPIRES_AT.gt(clock.now()));
  }

  /** Nobody who is kept out wants to know of more. */
  private static final int MOST_CONFLICTS = 1000;

  /** The whole leases of these ids, the oldest 1000; one read when there is none. */
  static Conflicts conflicts(
      DSLContext query, SelectConditionStep<Record1<UUID>> of, DatabaseClock clock) {
    List<UUID> ids =
        query
            .fetch(of.orderBy(HELD_LOCK.ACQUIRED_AT).limit(MOST_CONFLICTS))
            .getValues(HELD_LOCK.LOCK_ID);
    return ids.isEmpty()
        ? new Conflicts(List.of(), Instant.EPOCH)
        : new Conflicts(leases(query, HELD_LOCK.LOCK_ID.in(ids)), clock.read(query));
  }

  /** Leases from all their rows, oldest first. */
  static List<Lease> leases(DSLContext query, Condition condition) {
    Map<UUID, List<HeldLockRecord>> byId = new LinkedHashMap<>();
    query
        .selectFrom(HELD_LOCK)
        .where(condition)
        .orderBy(HELD_LOCK.ACQUIRED_AT, HELD_LOCK.FENCING_TOKEN, HELD_LOCK.LOCK_ID)
        .forEach(row -> byId.computeIfAbsent(row.getLockId(), _ -> new ArrayList<>()).add(row));
    return byId.values().stream().map(HeldLocks::toLease).toList();
  }

  private static Lease toLease(List<HeldLockRecord> rows) {
    HeldLockRecord first = rows.getFirst();
    List<String> resourceTypes =
        rows.stream().map(HeldLockRecord::getResourceType).filter(type -> !type.isEmpty()).toList();
    return new Lease(
        first.getLockId(),
        new LockRequest(
            new LockName(first.getBranchName(), resourceTypes, first.getResourceId()),
            LockType.valueOf(first.getLockType()),
            LockMode.valueOf(first.getLockMode()),
            first.getOwner(),
            first.getReason(),
            Duration.ofSeconds(first.getTtlSeconds()),
            Duration.ofSeconds(first.getHeartbeatIntervalSeconds())),
        first.getFencingToken(),
        first.getAcquiredAt(),
        first.getExpiresAt());
  }

  /**
   * Writes the rows of a lock, in one statement; it belongs to whoever asks for the mutation under
   * way.
   *
   * @param acquiredAt an expression, so that a switch need not ask for the time first
   */
  static void insert(
      DSLContext transaction,
      UUID id,
      LockRequest request,
      long fencingToken,
      Field<Instant> acquiredAt,
      @Nullable Instant expiresAt) {
    List<String> types =
        request.name().resourceTypes().isEmpty() ? List.of("") : request.name().resourceTypes();
    Mutation mutation = Mutation.current();
    String acquiredBy = mutation == null ? "" : mutation.call().principal();
    var insert =
        transaction.insertInto(
            HELD_LOCK,
            HELD_LOCK.BRANCH_NAME,
            HELD_LOCK.RESOURCE_TYPE,
            HELD_LOCK.RESOURCE_ID,
            HELD_LOCK.LOCK_ID,
            HELD_LOCK.LOCK_TYPE,
            HELD_LOCK.LOCK_MODE,
            HELD_LOCK.OWNER,
            HELD_LOCK.REASON,
            HELD_LOCK.TTL_SECONDS,
            HELD_LOCK.HEARTBEAT_INTERVAL_SECONDS,
            HELD_LOCK.FENCING_TOKEN,
            HELD_LOCK.ACQUIRED_AT,
            HELD_LOCK.EXPIRES_AT,
            HELD_LOCK.ACQUIRED_BY);
    for (String type : types) {
      insert =
          insert.values(
              DSL.val(request.name().branchName()),
              DSL.val(type),
              DSL.val(request.name().resourceId()),
              DSL.val(id),
              DSL.val(request.type().name()),
              DSL.val(request.mode().name()),
              DSL.val(request.owner()),
              DSL.val(request.reason()),
              DSL.val((int) request.ttl().toSeconds()),
              DSL.val((int) request.heartbeatInterval().toSeconds()),
              DSL.val(fencingToken),
              acquiredAt,
              DSL.val(expiresAt, HELD_LOCK.EXPIRES_AT),
              DSL.val(acquiredBy));
    }
    insert.execute();
  }

  private static final Kept<UUID> DELETE =
      new Kept<>(
          value ->
              deleteFrom(HELD_LOCK)
                  .where(HELD_LOCK.LOCK_ID.eq(value.of(HELD_LOCK.LOCK_ID, id -> id))));

  static void delete(DSLContext transaction, UUID id) {
    var _ = DELETE.execute(transaction, id);
  }
}
