package io.shadowindex.server.storage;

import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.switchover.SwitchStore;
import io.shadowindex.server.watch.BuildLog;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The contract on a real H2 file. */
final class H2StoreTest extends BuildStoreContract {

  private StateStore store;

  @BeforeEach
  void open(@TempDir Path directory) {
    store =
        StateStore.open(
            directory,
            InstantSource.system(),
            failure -> {
              throw new AssertionError(failure);
            });
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Override
  BuildStore builds() {
    return store.builds();
  }

  @Override
  SwitchStore switches() {
    return store.switches();
  }

  @Override
  BuildLog log() {
    return store.log();
  }

  @Override
  LockStore locks() {
    return store.locks();
  }
}
