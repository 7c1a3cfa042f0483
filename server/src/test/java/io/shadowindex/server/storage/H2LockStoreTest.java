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
import java.util.UUID;
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
}
