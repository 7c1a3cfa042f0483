package io.shadowindex.server.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.shadowindex.server.lock.LockStore.Holder;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.testing.ManualClock;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** The queue and the manager on the double: exclusion, order, wake-ups and expiry. */
final class LockManagerTest {

  private static final int OPERATIONS = Integer.getInteger("shadowindex.lock.core", 20_000);
  private static final int THREADS = 8;
  private static final long SEED = Long.getLong("seed", System.nanoTime());
  private static final LockName OBJECTS = LockName.resourceTypes("main", List.of("object_type"));

  private final ManualClock clock = new ManualClock();
  private final LockStore store = new InMemoryLockStore(clock, Integer.MAX_VALUE);
  private final LockQueue queue = new LockQueue();
  private final LockFeed feed = new LockFeed(store);
  private final LockManager locks = new LockManager(store, queue, feed, UUID::randomUUID);

  @Test
  void nobodyEverHoldsWhatExcludesAnotherAndNoWakeUpIsLost() throws Exception {
    System.out.println("locks in memory, seed " + SEED);
    var history = new LockHistory();
    try (var threads = Executors.newFixedThreadPool(THREADS)) {
      var running = new ArrayList<Future<?>>();
      for (int i = 0; i < THREADS; i++) {
        var random = new Random(SEED + i);
        running.add(threads.submit(() -> lockAndRelease(random, history)));
      }
      for (Future<?> thread : running) {
        thread.get();
      }
    }
    System.out.println(history);
    assertThat(history.violations()).isEmpty();
    assertThat(queue.size()).isZero();
  }

  /** A lost wake-up would be a refusal: nobody holds a lock for longer than a moment. */
  private void lockAndRelease(Random random, LockHistory history) {
    for (int i = 0; i < OPERATIONS / THREADS; i++) {
      LockName name = LockHistory.anyName(random);
      LockMode mode = random.nextInt(3) == 0 ? LockMode.EXCLUSIVE : LockMode.SHARED;
      Lease lease = acquire(name, mode, "thread", 20);
      long entry = history.enter(name, mode, lease.fencingToken());
      for (int spins = random.nextInt(4_000); spins > 0; spins--) {
        Thread.onSpinWait();
      }
      history.leave(entry);
      release(lease);
    }
  }

  @Test
  void whoComesFirstIsServedFirst() {
    Lease held = acquire(OBJECTS, LockMode.EXCLUSIVE, "holder", 0);
    var order = new CopyOnWriteArrayList<String>();
    var waiting = new ArrayList<CompletableFuture<?>>();
    for (int i = 0; i < 10; i++) {
      String owner = "waiter-" + i;
      LockMode mode = i % 3 == 0 ? LockMode.EXCLUSIVE : LockMode.SHARED;
      waiting.add(
          CompletableFuture.runAsync(
              () -> {
                Lease lease = acquire(OBJECTS, mode, owner, 20);
                order.add(mode.name());
                release(lease);
              },
              command -> Thread.ofVirtual().start(command)));
      int joined = i + 1;
      await().until(() -> queue.size() == joined);
    }

    release(held);
    waiting.forEach(CompletableFuture::join);

    assertThat(order)
        .containsExactly(
            "EXCLUSIVE",
            "SHARED",
            "SHARED",
            "EXCLUSIVE",
            "SHARED",
            "SHARED",
            "EXCLUSIVE",
            "SHARED",
            "SHARED",
            "EXCLUSIVE");
  }

  /** A write costs a transaction, even when it finds that it may not. */
  @Test
  void whoWaitsTriesAgainOnlyWhenNothingIsInTheWayAnyMore() throws Exception {
    var calls = new ConcurrentHashMap<String, Integer>();
    var counted = new LockManager(counting(calls), queue, feed, UUID::randomUUID);
    var held = new ArrayList<Lease>();
    for (int i = 0; i < 3; i++) {
      held.add(acquire(OBJECTS, LockMode.SHARED, "reader " + i, 0));
    }
    var waiting =
        CompletableFuture.supplyAsync(
            () -> counted.acquire(exclusive("writer"), LockWait.atMost(Duration.ofSeconds(20))));
    await().until(() -> calls.getOrDefault("tryAcquire", 0) == 1);
    for (int i = 0; i < held.size(); i++) {
      int looks = i + 1;
      await().until(() -> queue.size() == 1);
      release(held.get(i));
      await().until(() -> calls.getOrDefault("conflicts", 0) == looks);
    }

    release(waiting.get());
    assertThat(calls).containsEntry("tryAcquire", 2);
  }

  private LockStore counting(Map<String, Integer> calls) {
    return (LockStore)
        Proxy.newProxyInstance(
            LockStore.class.getClassLoader(),
            new Class<?>[] {LockStore.class},
            (_, method, arguments) -> {
              Object answer = method.invoke(store, arguments);
              calls.merge(method.getName(), 1, Integer::sum);
              return answer;
            });
  }

  private static LockRequest exclusive(String owner) {
    return new LockRequest(
        OBJECTS,
        LockType.MANUAL,
        LockMode.EXCLUSIVE,
        owner,
        "",
        Duration.ofSeconds(60),
        Duration.ZERO);
  }

  @Test
  void aSharedRequestDoesNotOvertakeAnExclusiveOneThatWaits() {
    Lease reader = acquire(OBJECTS, LockMode.SHARED, "reader", 0);
    var writer =
        CompletableFuture.supplyAsync(() -> acquire(OBJECTS, LockMode.EXCLUSIVE, "writer", 20));
    await().until(() -> queue.size() == 1);

    assertThat(refusedHolder(LockMode.SHARED)).isEqualTo("writer");
    release(reader);
    release(writer.join());
  }

  @Test
  void whatIsFreedElsewhereGivesNobodyAReasonToTryAgain() {
    Lease frozen =
        acquire(
            LockName.resourceTypes("main", List.of("action_type", "object_type")),
            LockMode.SHARED,
            "freezer",
            0);
    int tries = 0;
    try (var ticket = queue.join(OBJECTS, LockMode.EXCLUSIVE, "waiter")) {
      for (int i = 0; i < 1_000; i++) {
        tries += ticket.awaitTurn(System.nanoTime()) ? 1 : 0;
        String other = i % 2 == 0 ? "link_type" : "action_type";
        LockName elsewhere = LockName.resourceTypes("main", List.of(other));
        release(acquire(elsewhere, LockMode.SHARED, "somebody", 0));
        ticket.blockedBy(store.conflicts(OBJECTS, LockMode.EXCLUSIVE));
      }
    }
    release(frozen);

    assertThat(tries).isEqualTo(1);
  }

  @Test
  void aSwitchLetsNewLeasesPassWhileAnOlderOneIsInItsWay() {
    Lease old = acquire(OBJECTS, LockMode.SHARED, "old", 0);
    try (var ticket = queue.joinConsiderately(OBJECTS, "a switch")) {
      meetWhatIsInTheWay(ticket);

      Lease newcomer = acquire(OBJECTS, LockMode.SHARED, "newcomer", 0);
      release(newcomer);
      meetWhatIsInTheWay(ticket);
      release(acquire(OBJECTS, LockMode.SHARED, "another", 0));

      assertThat(ticket.awaitTurn(System.nanoTime())).isTrue(); // each release is worth a look
    }
    release(old);
  }

  @Test
  void aSwitchKeepsNewLeasesOutOnceOnlyTheyAreInItsWayButForNoLongerThanItWaitedItself() {
    Lease old = acquire(OBJECTS, LockMode.SHARED, "old", 0);
    try (var ticket = queue.joinConsiderately(OBJECTS, "a switch")) {
      meetWhatIsInTheWay(ticket);
      clock.advance(Duration.ofSeconds(1));
      Lease newcomer = acquire(OBJECTS, LockMode.SHARED, "newcomer", 0);
      release(old);

      meetWhatIsInTheWay(ticket);
      var late = CompletableFuture.supplyAsync(() -> acquire(OBJECTS, LockMode.SHARED, "late", 20));
      await().until(() -> queue.size() == 2);
      assertThat(refusedHolder(LockMode.SHARED)).isEqualTo("a switch");

      meetWhatIsInTheWay(ticket); // returns when its patience with others is over
      release(late.join());
      release(newcomer);
      assertThat(ticket.awaitTurn(System.nanoTime())).isTrue();
    }
  }

  @Test
  void anExclusiveRequestDoesNotPassASwitchThatWaits() {
    Lease old = acquire(OBJECTS, LockMode.SHARED, "old", 0);
    try (var ticket = queue.joinConsiderately(OBJECTS, "a switch");
        var later = queue.join(OBJECTS, LockMode.EXCLUSIVE, "somebody")) {
      meetWhatIsInTheWay(ticket);

      assertThat(later.awaitTurn(System.nanoTime())).isFalse();
      assertThat(later.ahead()).contains("a switch");
    }
    release(old);
  }

  private void meetWhatIsInTheWay(LockQueue.Ticket ticket) {
    assertThat(ticket.awaitTurn(System.nanoTime() + Duration.ofSeconds(20).toNanos())).isTrue();
    ticket.blockedBy(store.conflicts(OBJECTS, LockMode.EXCLUSIVE));
  }

  private String refusedHolder(LockMode mode) {
    var refused =
        catchThrowableOfType(RefusedException.class, () -> acquire(OBJECTS, mode, "somebody", 0));
    return ((Refusal.LockHeld) refused.refusal()).holder();
  }

  @Test
  void expiryWakesWhoWaitsAndIsTold() {
    Lease lost = acquire(OBJECTS, LockMode.EXCLUSIVE, "lost", 0);
    var waiting =
        CompletableFuture.supplyAsync(() -> acquire(OBJECTS, LockMode.EXCLUSIVE, "next", 20));
    await().until(() -> queue.size() == 1);
    try (LockWatch watch = feed.watch(null, () -> {})) {
      assertThat(watch.next()).isPresent(); // the snapshot
      clock.advance(Duration.ofSeconds(60));

      locks.expireNow();

      assertThat(waiting.join().owner()).isEqualTo("next");
      var told = (LockWatch.Happened) watch.next().orElseThrow();
      assertThat(told.event().kind()).isEqualTo(LockEvent.Kind.EXPIRED);
      assertThat(told.event().lease()).isEqualTo(lost);
    }
  }

  @Test
  void aWatcherThatFallsBehindGetsTheLocksAsTheyAreInstead() {
    Lease lease = acquire(OBJECTS, LockMode.EXCLUSIVE, "alice", 0);
    try (LockWatch watch = feed.watch("main", () -> {})) {
      assertThat(watch.next()).isPresent();
      for (int i = 0; i <= LockWatch.QUEUE; i++) {
        feed.publish(new LockEvent(LockEvent.Kind.RENEWED, lease, "alice", "", clock.instant()));
      }

      var told = (LockWatch.Snapshot) watch.next().orElseThrow();
      assertThat(told.leases()).containsExactly(lease);
      assertThat(watch.next()).isEmpty();
    }
  }

  @Test
  void aSnapshotHasAllLocksHoweverManyThereAreAndWhatHappensMeanwhileIsToldAfterwards() {
    var held = new ArrayList<Lease>();
    for (int i = 0; i < 450; i++) {
      held.add(acquire(OBJECTS, LockMode.SHARED, "reader", 0));
    }
    try (LockWatch watch = feed.watch("main", () -> {})) {
      var first = (LockWatch.Snapshot) watch.next().orElseThrow();
      release(held.get(0)); // has been told of
      release(held.get(449)); // has not
      Lease late = acquire(OBJECTS, LockMode.SHARED, "late", 0);
      var second = (LockWatch.Snapshot) watch.next().orElseThrow();
      var third = (LockWatch.Snapshot) watch.next().orElseThrow();

      assertThat(first.leases()).containsExactlyElementsOf(held.subList(0, 200));
      assertThat(second.leases()).containsExactlyElementsOf(held.subList(200, 400));
      assertThat(third.leases()).hasSize(50).contains(held.get(448), late);
      assertThat(List.of(first, second, third))
          .extracting(LockWatch.Snapshot::continued, LockWatch.Snapshot::incomplete)
          .containsExactly(tuple(false, true), tuple(true, true), tuple(true, false));
      for (Lease lease : List.of(held.get(0), held.get(449), late)) {
        var event = ((LockWatch.Happened) watch.next().orElseThrow()).event();
        assertThat(event.lease()).isEqualTo(lease);
      }
      assertThat(watch.next()).isEmpty();
    }
  }

  @Test
  void aWatcherThatFallsBehindWithinASnapshotGetsTheRestOfItAndThenAnother() {
    Lease last = acquire(OBJECTS, LockMode.SHARED, "reader", 0);
    for (int i = 0; i < 200; i++) {
      last = acquire(OBJECTS, LockMode.SHARED, "reader", 0);
    }
    try (LockWatch watch = feed.watch(null, () -> {})) {
      assertThat(((LockWatch.Snapshot) watch.next().orElseThrow()).incomplete()).isTrue();
      for (int i = 0; i <= LockWatch.QUEUE; i++) {
        feed.publish(new LockEvent(LockEvent.Kind.RENEWED, last, "reader", "", clock.instant()));
      }

      assertThat(watch.next()).contains(new LockWatch.Snapshot(List.of(last), true, false));
      var again = (LockWatch.Snapshot) watch.next().orElseThrow();
      assertThat(again.continued()).isFalse();
      assertThat(again.leases()).hasSize(200);
      assertThat(watch.next()).contains(new LockWatch.Snapshot(List.of(last), true, false));
      assertThat(watch.next()).isEmpty();
    }
  }

  private Lease acquire(LockName name, LockMode mode, String owner, int waitSeconds) {
    return locks.acquire(
        new LockRequest(
            name, LockType.MANUAL, mode, owner, "", Duration.ofSeconds(60), Duration.ZERO),
        LockWait.atMost(Duration.ofSeconds(waitSeconds)));
  }

  private void release(Lease lease) {
    locks.release(lease.id(), new Holder(lease.owner(), lease.fencingToken()), Set.of());
  }
}
