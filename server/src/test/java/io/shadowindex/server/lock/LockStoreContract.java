package io.shadowindex.server.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.shadowindex.server.lock.LockStore.Attempt;
import io.shadowindex.server.lock.LockStore.Blocked;
import io.shadowindex.server.lock.LockStore.Ended;
import io.shadowindex.server.lock.LockStore.Granted;
import io.shadowindex.server.lock.LockStore.Holder;
import io.shadowindex.server.lock.LockStore.LockFilter;
import io.shadowindex.server.lock.LockStore.Released;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.request.Call;
import io.shadowindex.server.request.Mutation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What every store of locks has to keep; an empty subclass for each. */
public abstract class LockStoreContract {

  /** How many leases the store has to take, and no more. */
  protected static final int MOST_HELD = 300;

  private static final Duration TTL = Duration.ofSeconds(60);
  private static final LockName BRANCH = LockName.branch("main");
  private static final LockName OBJECTS = LockName.resourceTypes("main", List.of("object_type"));
  private static final LockName LINKS = LockName.resourceTypes("main", List.of("link_type"));
  private static final LockName BOTH =
      LockName.resourceTypes("main", List.of("object_type", "link_type"));
  private static final LockName OBJECT_7 = LockName.resource("main", "object_type", "7");
  private static final LockName OBJECT_8 = LockName.resource("main", "object_type", "8");
  private static final LockName ELSEWHERE = LockName.branch("other");

  protected abstract LockStore store();

  /** Lets the time pass by which locks expire. */
  protected abstract void advance(Duration duration);

  @Test
  void aLockIsFoundAsItWasGranted() {
    LockRequest request =
        new LockRequest(
            BOTH,
            LockType.MIGRATION,
            LockMode.SHARED,
            "ålice",
            "because",
            TTL,
            Duration.ofSeconds(5));

    Lease lease = granted(store().tryAcquire(UUID.randomUUID(), request));

    assertThat(lease.request()).isEqualTo(request);
    assertThat(lease.expiresAt()).isEqualTo(lease.acquiredAt().plusSeconds(15));
    assertThat(store().find(lease.id())).contains(lease);
    assertThat(store().list(new LockFilter("main", "link_type", "ålice"), 0, 10))
        .containsExactly(lease);
  }

  @Test
  void aLockBelongsToWhoeverAskedForItUntilItEnds() {
    Lease lease =
        Mutation.during(
            new Mutation(call("worker")), () -> granted(acquire(BOTH, LockMode.SHARED)));
    Lease nobodys = granted(acquire(ELSEWHERE, LockMode.SHARED));

    assertThat(store().acquiredBy(lease.id())).contains("worker");
    assertThat(store().acquiredBy(nobodys.id())).contains("");
    advance(TTL.plusSeconds(1));
    assertThat(store().acquiredBy(lease.id())).isEmpty();
    assertThat(store().acquiredBy(UUID.randomUUID())).isEmpty();
  }

  private static Call call(String principal) {
    return new Call(
        UUID.randomUUID(),
        Instant.EPOCH,
        principal,
        "",
        "AcquireLock",
        null,
        Call.Target.NONE,
        null,
        null,
        null,
        false);
  }

  @Test
  void whatOverlapsExcludesAndNothingElse() {
    assertExcludes(BRANCH, BRANCH, OBJECTS, BOTH, OBJECT_7);
    assertExcludes(OBJECTS, BRANCH, OBJECTS, BOTH, OBJECT_7);
    assertExcludes(BOTH, BRANCH, OBJECTS, LINKS, BOTH, OBJECT_7);
    assertExcludes(OBJECT_7, BRANCH, OBJECTS, BOTH, OBJECT_7);
    assertAdmits(BRANCH, ELSEWHERE);
    assertAdmits(OBJECTS, LINKS, ELSEWHERE);
    assertAdmits(OBJECT_7, OBJECT_8, LINKS);
  }

  @Test
  void sharedLocksExcludeExclusiveOnesOnly() {
    Lease shared = granted(acquire(OBJECTS, LockMode.SHARED));

    assertThat(acquire(OBJECT_7, LockMode.SHARED)).isInstanceOf(Granted.class);
    assertThat(((Blocked) acquire(LINKS, BRANCH)).conflicts().leases())
        .extracting(Lease::mode)
        .containsOnly(LockMode.SHARED);
    assertThat(store().conflicts(OBJECTS, LockMode.SHARED).isEmpty()).isTrue();
    assertThat(store().conflicts(OBJECTS, LockMode.EXCLUSIVE).leases()).contains(shared);
  }

  @Test
  void changesAreToldInTheOrderOfTheirCommits() throws Exception {
    List<LockEvent> events = Collections.synchronizedList(new ArrayList<>());
    store().onEvent(events::add);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var running = new ArrayList<Future<?>>();
      for (int i = 0; i < 8; i++) {
        running.add(threads.submit(() -> lockAndRenewWhileReleasing(threads)));
      }
      for (Future<?> thread : running) {
        thread.get();
      }
    }

    Lease held = null;
    for (LockEvent event : events) {
      UUID expected = event.kind() == LockEvent.Kind.ACQUIRED ? null : event.lease().id();
      assertThat(held == null ? null : held.id()).isEqualTo(expected);
      held = event.kind() == LockEvent.Kind.RELEASED ? null : event.lease();
    }
    assertThat(held).isNull();
    assertThat(events).extracting(LockEvent::kind).contains(LockEvent.Kind.RENEWED);
  }

  private void lockAndRenewWhileReleasing(ExecutorService threads) {
    for (int round = 0; round < 25; round++) {
      if (acquire(OBJECTS, LockMode.EXCLUSIVE) instanceof Granted(Lease lease)) {
        for (int i = 0; i < 4; i++) {
          var _ = threads.submit(() -> store().renew(lease.id(), holder(lease)));
        }
        store().renew(lease.id(), holder(lease));
        release(lease);
      }
    }
  }

  @Test
  void tokensOnlyGrow() {
    Lease first = granted(acquire(OBJECTS, LockMode.EXCLUSIVE));
    release(first);
    Lease second = granted(acquire(LINKS, LockMode.SHARED));
    Lease third = granted(acquire(ELSEWHERE, LockMode.EXCLUSIVE));

    assertThat(second.fencingToken()).isGreaterThan(first.fencingToken());
    assertThat(third.fencingToken()).isGreaterThan(second.fencingToken());
  }

  @Test
  void anExpiredLockIsInNobodysWayAlthoughNobodySweptIt() {
    Lease lease = granted(acquire(OBJECTS, LockMode.EXCLUSIVE));
    advance(TTL.minusSeconds(1));
    assertThat(acquire(OBJECTS, LockMode.EXCLUSIVE)).isInstanceOf(Blocked.class);
    advance(Duration.ofSeconds(1));

    assertThat(store().find(lease.id())).isEmpty();
    assertThat(store().conflicts(OBJECTS, LockMode.EXCLUSIVE).isEmpty()).isTrue();
    assertThat(store().list(new LockFilter(null, null, null), 0, 10)).isEmpty();
    assertThat(refusal(() -> store().renew(lease.id(), holder(lease))))
        .isEqualTo(new Refusal.LockNotFound(lease.id()));
    assertThat(acquire(OBJECTS, LockMode.EXCLUSIVE)).isInstanceOf(Granted.class);
  }

  @Test
  void aRenewedLockLivesFromThenOn() {
    Lease lease = granted(acquire(OBJECTS, LockMode.EXCLUSIVE));
    advance(TTL.minusSeconds(1));

    Lease renewed = store().renew(lease.id(), holder(lease));
    advance(TTL.minusSeconds(1));

    assertThat(renewed.fencingToken()).isEqualTo(lease.fencingToken());
    assertThat(store().find(lease.id())).contains(renewed);
  }

  @Test
  void threeMissedHeartbeatsEndALock() {
    LockRequest request =
        new LockRequest(
            OBJECTS, LockType.MANUAL, LockMode.EXCLUSIVE, "alice", "", TTL, Duration.ofSeconds(2));
    Lease lease = granted(store().tryAcquire(UUID.randomUUID(), request));
    advance(Duration.ofSeconds(6));

    List<Ended> ended = store().expire().ended();

    assertThat(ended).extracting(Ended::lease).containsExactly(lease);
    assertThat(ended.getFirst().reason()).isEqualTo("three heartbeats of 2 s missed");
  }

  @Test
  void expiryEndsWhatIsOverOnceAndSaysWhenTheNextOneIs() {
    Lease first = granted(acquire(OBJECTS, LockMode.EXCLUSIVE));
    advance(Duration.ofSeconds(20));
    granted(acquire(LINKS, LockMode.EXCLUSIVE));

    assertThat(store().expire().ended()).isEmpty();
    assertThat(store().expire().untilNext()).isEqualTo(Duration.ofSeconds(40));
    advance(Duration.ofSeconds(40));
    LockStore.Expiry expiry = store().expire();

    assertThat(expiry.ended()).extracting(Ended::lease).containsExactly(first);
    assertThat(expiry.untilNext()).isEqualTo(Duration.ofSeconds(20));
    assertThat(store().expire().ended()).isEmpty();
    assertThat(store().ended("main", 10))
        .containsExactlyElementsOf(expiry.ended())
        .extracting(Ended::how)
        .containsExactly(Ended.How.EXPIRED);
  }

  @Test
  void howeverManyLeasesExpireAtOnceAllOfThemEnd() {
    for (int i = 0; i < 250; i++) {
      granted(acquire(BOTH, LockMode.SHARED));
    }
    advance(TTL);

    int ended = 0;
    LockStore.Expiry expiry;
    do {
      expiry = store().expire();
      ended += expiry.ended().size();
    } while (expiry.untilNext() != null);

    assertThat(ended).isEqualTo(250);
  }

  @Test
  void beyondTheLimitNobodyGetsALockUntilOneHasEnded() {
    Lease both = granted(acquire(BOTH, LockMode.SHARED)); // counts once
    Lease forced = granted(acquire(ELSEWHERE, LockMode.SHARED));
    fill(MOST_HELD - 2);
    assertFull();

    store().release(both.id(), holder(both), Set.of("link_type"));
    assertFull(); // some of it is held still
    store().release(both.id(), holder(both), Set.of("object_type"));
    fill(1);
    assertFull();

    store().forceRelease(forced.id(), "root", "to make room");
    fill(1);
    assertFull();

    advance(TTL);
    while (!store().expire().ended().isEmpty()) {}
    fill(MOST_HELD);
    assertFull();
  }

  @Test
  void whoIsBlockedIsToldOfTheHolderAndNotOfTheLimit() {
    Lease held = granted(acquire(ELSEWHERE, LockMode.EXCLUSIVE));
    fill(MOST_HELD - 1);

    Attempt attempt = acquire(ELSEWHERE, LockMode.EXCLUSIVE);

    assertThat(((Blocked) attempt).conflicts().leases()).containsExactly(held);
  }

  @Test
  void manyAtOnceGetNoMoreThanTheLimit() throws Exception {
    fill(MOST_HELD - 20);
    int granted = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var running = new ArrayList<Future<Boolean>>();
      for (int i = 0; i < 60; i++) {
        running.add(threads.submit(() -> !isFull()));
      }
      for (Future<Boolean> attempt : running) {
        granted += attempt.get() ? 1 : 0;
      }
    }

    assertThat(granted).isEqualTo(20);
    assertThat(store().list(new LockFilter(null, null, null), 0, 1000)).hasSize(MOST_HELD);
  }

  private void fill(int leases) {
    for (int i = 0; i < leases; i++) {
      granted(acquire(OBJECTS, LockMode.SHARED));
    }
  }

  private void assertFull() {
    assertThat(store().held()).isEqualTo(MOST_HELD);
    assertThat(refusal(() -> acquire(LINKS, LockMode.SHARED)))
        .isEqualTo(new Refusal.TooManyLocks(MOST_HELD));
  }

  /** Takes one lock more, or finds that there may be none. */
  private boolean isFull() {
    try {
      granted(acquire(LINKS, LockMode.SHARED));
      return false;
    } catch (RefusedException e) {
      return e.refusal() instanceof Refusal.TooManyLocks;
    }
  }

  @Test
  void aReleasedLockIsFree() {
    Lease lease = granted(acquire(BOTH, LockMode.EXCLUSIVE));

    Released released = release(lease);

    assertThat(released.freed()).isEqualTo(BOTH);
    assertThat(released.rest()).isNull();
    assertThat(acquire(BRANCH, LockMode.EXCLUSIVE)).isInstanceOf(Granted.class);
    assertThat(refusal(() -> release(lease))).isEqualTo(new Refusal.LockNotFound(lease.id()));
  }

  @Test
  void resourceTypesAreReleasedOneByOne() {
    Lease lease = granted(acquire(BOTH, LockMode.EXCLUSIVE));

    Released first = store().release(lease.id(), holder(lease), Set.of("link_type"));
    assertThat(first.freed()).isEqualTo(LINKS);
    assertThat(store().find(lease.id()).orElseThrow().name()).isEqualTo(OBJECTS);
    assertThat(acquire(LINKS, LockMode.EXCLUSIVE)).isInstanceOf(Granted.class);
    assertThat(acquire(OBJECTS, LockMode.EXCLUSIVE)).isInstanceOf(Blocked.class);

    Released last = store().release(lease.id(), holder(lease), Set.of("object_type"));
    assertThat(last.rest()).isNull();
    assertThat(acquire(OBJECTS, LockMode.EXCLUSIVE)).isInstanceOf(Granted.class);
  }

  @Test
  void whatALockIsNotOnCannotBeReleasedFromIt() {
    Lease lease = granted(acquire(OBJECTS, LockMode.EXCLUSIVE));

    assertThat(refusal(() -> store().release(lease.id(), holder(lease), Set.of("link_type"))))
        .isInstanceOf(Refusal.InvalidFields.class);
    assertThat(store().find(lease.id())).contains(lease);
  }

  @Test
  void onlyItsHolderRenewsAndReleasesALock() {
    Lease lease = granted(acquire(OBJECTS, LockMode.EXCLUSIVE));
    Holder other = new Holder("mallory", lease.fencingToken());
    Holder stale = new Holder(lease.owner(), lease.fencingToken() - 1);

    assertThat(refusal(() -> store().renew(lease.id(), other)))
        .isEqualTo(new Refusal.NotLockOwner(lease.id(), lease.owner()));
    assertThat(refusal(() -> store().release(lease.id(), other, Set.of())))
        .isEqualTo(new Refusal.NotLockOwner(lease.id(), lease.owner()));
    assertThat(refusal(() -> store().renew(lease.id(), stale)))
        .isEqualTo(new Refusal.StaleLockToken(lease.id(), stale.fencingToken()));
    assertThat(refusal(() -> store().release(lease.id(), stale, Set.of())))
        .isEqualTo(new Refusal.StaleLockToken(lease.id(), stale.fencingToken()));
    assertThat(store().find(lease.id())).contains(lease);
  }

  @Test
  void locksAreListedByTheirTokensFromAnyOneOn() {
    LockFilter filter = new LockFilter("main", "object_type", null);
    var held = new ArrayList<Lease>();
    for (int i = 0; i < 5; i++) {
      held.add(granted(acquire(i % 2 == 0 ? BOTH : OBJECT_7, LockMode.SHARED)));
      granted(acquire(LINKS, LockMode.SHARED));
      granted(acquire(ELSEWHERE, LockMode.SHARED));
    }

    assertThat(store().list(filter, 0, 3)).containsExactlyElementsOf(held.subList(0, 3));
    long third = held.get(2).fencingToken();
    store().renew(held.get(1).id(), holder(held.get(1)));
    release(held.get(2));
    store().release(held.get(4).id(), holder(held.get(4)), Set.of("link_type"));
    Lease late = granted(acquire(OBJECTS, LockMode.SHARED));

    assertThat(store().list(filter, third, 10))
        .extracting(Lease::id)
        .containsExactly(held.get(3).id(), held.get(4).id(), late.id());
    assertThat(store().list(filter, late.fencingToken(), 10)).isEmpty();
  }

  @Test
  void anAdministratorsReleaseIsKeptWithNameAndReason() {
    Lease lease = granted(acquire(OBJECTS, LockMode.EXCLUSIVE));

    Ended ended = store().forceRelease(lease.id(), "root", "holder is on holiday");

    assertThat(ended.lease()).isEqualTo(lease);
    assertThat(store().ended(null, 10)).containsExactly(ended);
    assertThat(ended.by()).isEqualTo("root");
    assertThat(ended.reason()).isEqualTo("holder is on holiday");
    assertThat(acquire(OBJECTS, LockMode.EXCLUSIVE)).isInstanceOf(Granted.class);
    assertThat(refusal(() -> store().forceRelease(lease.id(), "root", "again")))
        .isEqualTo(new Refusal.LockNotFound(lease.id()));
  }

  private void assertExcludes(LockName held, LockName... others) {
    Lease lease = granted(acquire(held, LockMode.EXCLUSIVE));
    for (LockName other : others) {
      Attempt attempt = acquire(other, LockMode.SHARED);
      assertThat(attempt).as("%s under %s", other, held).isInstanceOf(Blocked.class);
      assertThat(((Blocked) attempt).conflicts().leases()).containsExactly(lease);
    }
    release(lease);
  }

  private void assertAdmits(LockName held, LockName... others) {
    Lease lease = granted(acquire(held, LockMode.EXCLUSIVE));
    for (LockName other : others) {
      release(granted(acquire(other, LockMode.EXCLUSIVE)));
    }
    release(lease);
  }

  /** Tries for two locks, and answers the attempt at the second. */
  private Attempt acquire(LockName first, LockName second) {
    granted(acquire(first, LockMode.SHARED));
    return acquire(second, LockMode.EXCLUSIVE);
  }

  private Attempt acquire(LockName name, LockMode mode) {
    return store()
        .tryAcquire(
            UUID.randomUUID(),
            new LockRequest(name, LockType.MANUAL, mode, "alice", "", TTL, Duration.ZERO));
  }

  private Released release(Lease lease) {
    return store().release(lease.id(), holder(lease), Set.of());
  }

  private static Holder holder(Lease lease) {
    return new Holder(lease.owner(), lease.fencingToken());
  }

  private static Lease granted(Attempt attempt) {
    return ((Granted) attempt).lease();
  }

  private static Refusal refusal(Callable<?> call) {
    RefusedException refused = catchThrowableOfType(RefusedException.class, () -> call.call());
    return refused.refusal();
  }
}
