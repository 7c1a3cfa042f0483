package io.shadowindex.server.lock;

import io.shadowindex.server.testing.ManualClock;
import java.time.Duration;

/** The contract on the double that other tests use. */
final class InMemoryLockStoreTest extends LockStoreContract {

  private final ManualClock clock = new ManualClock();
  private final LockStore store = new InMemoryLockStore(clock, MOST_HELD);

  @Override
  protected LockStore store() {
    return store;
  }

  @Override
  protected void advance(Duration duration) {
    clock.advance(duration);
  }
}
