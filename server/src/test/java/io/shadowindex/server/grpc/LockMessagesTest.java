package io.shadowindex.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.lock.InMemoryLockStore;
import io.shadowindex.server.lock.LockFeed;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockRequest;
import io.shadowindex.server.lock.LockType;
import io.shadowindex.server.testing.ManualClock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Locks as messages. */
final class LockMessagesTest {

  @Test
  void aSnapshotOfLocksWithTheLongestNamesFitsIntoWhatClientsAccept() {
    List<String> types =
        IntStream.range(0, 64).mapToObj(i -> "%02d".formatted(i) + "t".repeat(253)).toList();
    var longest =
        new LockRequest(
            LockName.resourceTypes("b".repeat(255), types),
            LockType.MAINTENANCE,
            LockMode.SHARED,
            "o".repeat(255),
            "r".repeat(1024),
            Duration.ofDays(1),
            Duration.ofHours(1));
    var store = new InMemoryLockStore(new ManualClock(), 1000);
    var feed = new LockFeed(store);
    for (int i = 0; i < 1000; i++) {
      var _ = store.tryAcquire(UUID.randomUUID(), longest);
    }

    try (var watch = feed.watch(null, () -> {})) {
      var message = LockMessages.response(watch.next().orElseThrow());
      assertThat(message.getSnapshot().getIncomplete()).isTrue();
      assertThat(message.getSerializedSize()).isLessThan(4 << 20);
    }
  }
}
