package io.shadowindex.server.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockRequest;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.lock.LockStoreContract;
import io.shadowindex.server.lock.LockType;
import io.shadowindex.server.testing.ManualClock;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract on a real H2 file, at a time of the test's making; and once by H2's own time. */
final class H2LockStoreTest extends LockStoreContract {

  private final ManualClock clock = new ManualClock();
  private H2Database database;
  private LockStore store;

  @BeforeEach
  void open(@TempDir Path directory) {
    database =
        H2Database.open(
            directory,
            failure -> {
              throw new AssertionError(failure);
            });
    store = new JooqLockStore(database, MOST_HELD, () -> DSL.val(clock.instant()));
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Override
  protected LockStore store() {
    return store;
  }

  @Override
  protected void advance(Duration duration) {
    clock.advance(duration);
  }

  @Test
  void locksExpireByTheDatabasesTime() {
    var real = new JooqLockStore(database, MOST_HELD, DatabaseClock.REAL);
    LockName name = LockName.branch("main");
    var request =
        new LockRequest(
            name,
            LockType.MANUAL,
            LockMode.EXCLUSIVE,
            "alice",
            "",
            Duration.ofSeconds(1),
            Duration.ZERO);
    Lease lease = ((LockStore.Granted) real.tryAcquire(UUID.randomUUID(), request)).lease();

    assertThat(Duration.between(lease.acquiredAt(), Instant.now()).abs())
        .isLessThan(Duration.ofSeconds(10));
    assertThat(real.find(lease.id())).contains(lease);
    await().until(() -> real.find(lease.id()).isEmpty());
    assertThat(real.conflicts(name, LockMode.EXCLUSIVE).isEmpty()).isTrue();
  }

  @Test
  void whatIsNotInTheWayIsNotRead() {
    database.write(
        transaction -> {
          for (int i = 0; i < 1000; i++) {
            lease(transaction, i, LockName.resourceTypes("main", List.of("object_type")));
            lease(transaction, i, LockName.resourceTypes("main", List.of("link_type")));
          }
          return 0;
        });

    var writer = LockName.resourceTypes("main", List.of("object_type", "action_type"));
    assertThat(rowsRead(writer, LockMode.SHARED)).isBetween(1L, 15L);
    var other = LockName.resourceTypes("main", List.of("action_type", "interface"));
    assertThat(rowsRead(other, LockMode.EXCLUSIVE)).isBetween(1L, 15L);
    assertThat(rowsRead(LockName.branch("main"), LockMode.SHARED)).isBetween(1L, 15L);
    assertThat(rowsRead(writer, LockMode.EXCLUSIVE)).isBetween(1000L, 1020L);
  }

  @Test
  void theNewest100000EndingsAreKept() {
    database.write(
        transaction ->
            transaction.execute(
                """
                insert into lock_ending (lock_id, branch_name, resource_types, resource_id, lock_type,
                  lock_mode, owner, reason, ttl_seconds, heartbeat_interval_seconds, fencing_token, acquired_at,
                  expires_at, how, ended_by, end_reason, ended_at)
                select random_uuid(), 'old', array['object_type'], '', 'MANUAL', 'SHARED', 'writer', '', 1, 0, x,
                  ?, ?, 'EXPIRED', '', '', ? from system_range(1, 100100)
                """,
                clock.instant(),
                clock.instant(),
                clock.instant()));
    Lease last = expiring("last");

    clock.advance(Duration.ofMinutes(2));
    var _ = store.expire();

    assertThat(store.ended(null, 1)).extracting(LockStore.Ended::lease).containsExactly(last);
    assertThat(store.ended("old", 200_000)).hasSize(99_999);
    assertThat(store.ended("old", 200_000).getLast().lease().fencingToken()).isEqualTo(102);
  }

  @Test
  void endingsAreKeptFor30Days() {
    Lease old = expiring("old");
    clock.advance(Duration.ofMinutes(2));
    var _ = store.expire();
    clock.advance(Duration.ofDays(30));
    expiring("new");
    assertThat(store.ended(null, 10)).extracting(LockStore.Ended::lease).containsExactly(old);

    clock.advance(Duration.ofMinutes(2));
    var _ = store.expire();

    assertThat(store.ended(null, 10))
        .extracting(ended -> ended.lease().owner())
        .containsExactly("new");
  }

  private Lease expiring(String owner) {
    var request =
        new LockRequest(
            LockName.branch(owner),
            LockType.MANUAL,
            LockMode.EXCLUSIVE,
            owner,
            "",
            Duration.ofMinutes(1),
            Duration.ZERO);
    return ((LockStore.Granted) store.tryAcquire(UUID.randomUUID(), request)).lease();
  }

  private void lease(DSLContext transaction, int number, LockName name) {
    var request =
        new LockRequest(
            name,
            LockType.MANUAL,
            LockMode.SHARED,
            "writer-" + number,
            "",
            Duration.ofMinutes(1),
            Duration.ZERO);
    Instant now = clock.instant();
    HeldLocks.insert(
        transaction, UUID.randomUUID(), request, number, DSL.val(now), now.plusSeconds(60));
  }

  private long rowsRead(LockName name, LockMode mode) {
    return Explained.rowsRead(
        database, HeldLocks.inTheWayOf(name, mode, () -> DSL.val(clock.instant())));
  }
}
