package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.rpc.BadRequest;
import io.grpc.Context;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.CheckWritePermissionResponse;
import io.shadowindex.v1.EndedLock;
import io.shadowindex.v1.ListLocksRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.RenewLockRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchLocksRequest;
import io.shadowindex.v1.WatchLocksResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Locks, write permission and what both have to do with switches, over gRPC. */
final class LockServiceTest {

  private static TestServer server;

  private final String branch = "branch-" + UUID.randomUUID();

  @BeforeAll
  static void startServer(@TempDir Path directory) throws IOException {
    server =
        TestServer.start(
            TestServer.config(directory).with(Settings.RESOURCE_TYPES, List.of("link_type")),
            Environment.real());
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 86_401, Integer.MAX_VALUE})
  void aTimeToLiveOutOfRange(int seconds) {
    assertInvalid(() -> acquire(objects().setTtlSeconds(seconds)), "ttl_seconds");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 301})
  void aWaitOutOfRange(int seconds) {
    assertInvalid(() -> acquire(objects().setWaitSeconds(seconds)), "wait_seconds");
    assertInvalid(() -> check(ask().setWaitSeconds(seconds)), "wait_seconds");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 3601})
  void aHeartbeatOutOfRange(int seconds) {
    assertInvalid(
        () -> acquire(objects().setHeartbeatIntervalSeconds(seconds)),
        "heartbeat_interval_seconds");
  }

  @Test
  void aScopeThatDoesNotFitWhatIsNamed() {
    assertInvalid(() -> acquire(objects().setScope(Lock.Scope.SCOPE_UNSPECIFIED)), "scope");
    assertInvalid(() -> acquire(objects().setScopeValue(99)), "scope");
    assertInvalid(() -> acquire(objects().setScope(Lock.Scope.BRANCH)), "resource_type");
    assertInvalid(() -> acquire(objects().clearResourceType()), "resource_type");
    assertInvalid(() -> acquire(objects().setResourceId("7")), "resource_id");
    assertInvalid(() -> acquire(objects().setScope(Lock.Scope.RESOURCE)), "resource_id");
    assertInvalid(
        () ->
            acquire(objects().setScope(Lock.Scope.RESOURCE).clearResourceType().setResourceId("7")),
        "resource_type");
    assertInvalid(() -> check(ask().clearResourceType().setResourceId("7")), "resource_type");
  }

  @ParameterizedTest
  @ValueSource(strings = {" a", "a ", "a\u0000b", "a\nb"})
  void hostileNames(String name) {
    assertInvalid(() -> acquire(objects().setOwner(name)), "owner");
    assertInvalid(() -> acquire(objects().setResourceType(name)), "resource_type");
    assertInvalid(() -> check(ask().setResourceId(name)), "resource_id");
    assertInvalid(() -> check(ask().setAction(name)), "action");
  }

  @Test
  void emptyAndOverlongNames() {
    assertInvalid(() -> acquire(objects().clearOwner()), "owner");
    assertInvalid(() -> acquire(objects().clearBranchName()), "branch_name");
    assertInvalid(() -> acquire(objects().setBranchName("a..b")), "branch_name");
    assertInvalid(() -> acquire(objects().setOwner("x".repeat(256))), "owner");
    assertInvalid(() -> acquire(objects().setReason("x".repeat(1025))), "reason");
  }

  @Test
  void namesWithQuotesAndOddLettersAreNames() {
    String odd = "'; drop table held_lock; -- ü☃%_";
    Lock lock = acquire(objects().setResourceType(odd).setOwner(odd).setReason(odd));

    assertThat(lock.getResourceTypesList()).containsExactly(odd);
    assertThat(check(ask().setResourceType(odd)).getAllowed()).isFalse();
    assertThat(check(ask()).getAllowed()).isTrue();
    release(lock);
  }

  @Test
  void unknownLocks() {
    String unknown = UUID.randomUUID().toString();
    Lock lock = Lock.newBuilder().setLockId(unknown).setOwner("a").setFencingToken(1).build();

    assertRefused(() -> renew(lock), Code.NOT_FOUND, "LOCK_NOT_FOUND");
    assertRefused(() -> release(lock), Code.NOT_FOUND, "LOCK_NOT_FOUND");
    assertRefused(() -> checkUnder(lock), Code.ABORTED, "LEASE_LOST");
    assertInvalid(() -> renew(lock.toBuilder().setLockId("x").build()), "lock_id");
  }

  @Test
  void releaseByAnotherOrWithAnOldToken() {
    Lock lock = acquire(objects());
    Lock other = lock.toBuilder().setOwner("mallory").build();
    Lock old = lock.toBuilder().setFencingToken(lock.getFencingToken() - 1).build();

    assertRefused(() -> release(other), Code.PERMISSION_DENIED, "NOT_LOCK_OWNER");
    assertRefused(() -> renew(other), Code.PERMISSION_DENIED, "NOT_LOCK_OWNER");
    assertRefused(() -> release(old), Code.ABORTED, "STALE_LOCK_TOKEN");
    assertRefused(() -> renew(old), Code.ABORTED, "STALE_LOCK_TOKEN");
    assertRefused(() -> checkUnder(old), Code.ABORTED, "STALE_LOCK_TOKEN");
    assertThat(checkUnder(lock).getAllowed()).isTrue();
    release(lock);
  }

  @Test
  void aLockThatIsHeldIsRefusedWithItsHolder() {
    Lock lock = acquire(objects().setOwner("alice").setReason("audit"));

    var refused = refused(() -> acquire(objects().setOwner("bob")));

    assertThat(TestServer.reason(refused)).isEqualTo("LOCK_HELD");
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("holder", "alice")
        .containsEntry("lock_id", lock.getLockId())
        .containsEntry("resource_type", "object_type");
    assertThat(refused.getMessage()).contains("alice", "audit", "object_type");
    release(lock);
  }

  @Test
  void whoWaitsIsServedInTurnAndAWaitingExclusiveIsNotStarved() throws Exception {
    Lock reader = acquire(objects().setMode(Lock.Mode.SHARED));
    var writer =
        CompletableFuture.supplyAsync(() -> acquire(objects().setOwner("w").setWaitSeconds(20)));
    await().until(this::refusedBehindWhoWaits);
    assertThat(refused(() -> acquire(objects().setMode(Lock.Mode.SHARED))).getMessage())
        .contains("w waits for object_type");
    assertThat(check(ask()).getAllowed()).isTrue(); // nobody is kept out by one who waits

    release(reader);
    release(writer.get());
    release(acquire(objects().setMode(Lock.Mode.SHARED)));
  }

  @Test
  void anExpiredLockIsGrantedToWhoWaitsAndItsEndIsKept() {
    Lock lost = acquire(objects().setTtlSeconds(1).setOwner("alice"));

    Lock next = acquire(objects().setWaitSeconds(20).setOwner("bob"));

    assertThat(next.getFencingToken()).isGreaterThan(lost.getFencingToken());
    await().until(() -> !ended().isEmpty());
    assertThat(ended().getFirst().getHow()).isEqualTo(EndedLock.How.EXPIRED);
    assertThat(ended().getFirst().getLock().getLockId()).isEqualTo(lost.getLockId());
    release(next);
  }

  @Test
  void aCallerWhoGoesAwayWhileWaitingDoesNotGetTheLock() {
    Lock lock = acquire(objects().setMode(Lock.Mode.SHARED));
    Context.CancellableContext call = Context.current().withCancellation();
    Runnable wait =
        () -> assertThat(refused(() -> acquire(objects().setWaitSeconds(60)))).isNotNull();
    var waiting = CompletableFuture.runAsync(() -> call.run(wait));
    await().until(this::refusedBehindWhoWaits);
    call.cancel(null);
    waiting.join();
    release(lock);

    release(acquire(objects().setWaitSeconds(20)));
  }

  @Test
  void releaseByForceNeedsAReasonAndIsKept() {
    Lock lock = acquire(objects().setOwner("alice"));
    var force =
        ReleaseLockRequest.newBuilder()
            .setLockId(lock.getLockId())
            .setOwner("root")
            .setForceRelease(true);
    assertInvalid(() -> server.locks().releaseLock(force.build()), "reason");

    assertThat(server.locks().releaseLock(force.setReason("holiday").build()).hasLock()).isFalse();

    assertThat(ended().getFirst().getHow()).isEqualTo(EndedLock.How.FORCE_RELEASED);
    assertThat(ended().getFirst().getEndedBy()).isEqualTo("root");
    assertThat(ended().getFirst().getReason()).isEqualTo("holiday");
    assertRefused(() -> renew(lock), Code.NOT_FOUND, "LOCK_NOT_FOUND");
  }

  @Test
  void aBuildThatFreezesItsTypesReleasesThemOneByOne() {
    Lock lock =
        acquire(
            objects()
                .clearResourceType()
                .addAllResourceTypes(List.of("object_type", "link_type"))
                .setLockType(Lock.Type.INDEXING));
    assertThat(check(ask()).getAllowed()).isFalse();

    Lock rest =
        server
            .locks()
            .releaseLock(releaseOf(lock).addResourceTypes("object_type").build())
            .getLock();

    assertThat(rest.getResourceTypesList()).containsExactly("link_type");
    assertThat(check(ask()).getAllowed()).isTrue();
    assertThat(check(ask().setResourceType("link_type")).getAllowed()).isFalse();
    assertInvalid(
        () -> server.locks().releaseLock(releaseOf(lock).addResourceTypes("x").build()),
        "resource_types");
    release(lock);
  }

  @Test
  void aRefusedWriteIsToldWhyForHowLongAndWhatToDoInstead() {
    ShadowIndex build = server.startBuild(branch);
    server.report(build, 40, 4);
    Lock lock =
        acquire(objects().setOwner("alice").setReason("audit").setLockType(Lock.Type.MAINTENANCE));
    Lock shared = acquire(objects().setResourceType("action_type").setMode(Lock.Mode.SHARED));

    CheckWritePermissionResponse refused = check(ask().setAction("delete"));

    assertThat(refused.getAllowed()).isFalse();
    assertThat(refused.getReason())
        .startsWith("cannot delete object_type in branch " + branch)
        .contains("RESOURCE_TYPE", "MAINTENANCE", "alice", "audit");
    assertThat(refused.getLock()).isEqualTo(lock);
    assertThat(refused.getIndexingProgress()).isEqualTo(40);
    assertThat(refused.getEtaSeconds()).isBetween(1, 60);
    assertThat(refused.getOtherResourceTypesAvailableList())
        .containsExactly("action_type", "link_type"); // locked, configured
    assertThat(refused.getAlternativeActionsList())
        .contains(
            "Work on action_type or link_type", "Ask alice to release lock " + lock.getLockId())
        .anyMatch(words -> words.startsWith("Retry in about "))
        .anyMatch(words -> words.startsWith("Write with wait_seconds="));
    release(lock);
    release(shared);
    server.cancel(build);
  }

  @Test
  void ofSeveralLocksTheOneThatLastsLongestIsExplained() {
    var resource = objects().setScope(Lock.Scope.RESOURCE);
    Lock oldest = acquire(resource.setResourceId("7").setTtlSeconds(10));
    Lock longest = acquire(resource.setResourceId("8").setTtlSeconds(600));
    Lock newest = acquire(resource.setResourceId("9").setTtlSeconds(20));

    CheckWritePermissionResponse refused = check(ask());

    assertThat(refused.getLock()).isEqualTo(longest);
    assertThat(refused.getEtaSeconds()).isBetween(500, 600);
    List.of(oldest, longest, newest).forEach(LockServiceTest::release);
  }

  @Test
  void aWriteWaitsForAReleaseInsteadOfBeingRefused() throws Exception {
    Lock lock = acquire(objects());
    var waiting = CompletableFuture.supplyAsync(() -> check(ask().setWaitSeconds(20)));
    assertThat(check(ask()).getAllowed()).isFalse();

    release(lock);

    assertThat(waiting.get().getAllowed()).isTrue();
  }

  @Test
  void aBuildUnderWayKeepsNobodyOut() throws IOException {
    ShadowIndex build = server.built(branch);

    assertThat(check(ask()).getAllowed()).isTrue();
    assertThat(check(ask().clearResourceType()).getAllowed()).isTrue();
    server.cancel(build);
  }

  @Test
  void aSwitchFailsWithTheHolderNamedAndItsBuildStaysBuilt() throws IOException {
    ShadowIndex build = server.built(branch);
    Lock lock = acquire(objects().setOwner("alice"));

    var dryRun =
        server.stub().switchIndex(TestServer.switchRequest(build).setValidateOnly(true).build());
    assertThat(dryRun.getSuccess()).isFalse();
    assertThat(dryRun.getPreview().getBlockersList())
        .singleElement()
        .asString()
        .contains("alice", "object_type");
    var refused =
        refused(
            () ->
                server
                    .stub()
                    .switchIndex(
                        TestServer.switchRequest(build).setSwitchTimeoutSeconds(1).build()));
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("holder", "alice")
        .containsEntry("shadow_index_id", build.getShadowIndexId());
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);

    release(lock);
    assertThat(server.switchTo(build).getSuccess()).isTrue();
  }

  @Test
  void aSwitchWaitsUntilWritersLeasesAreGoneAndNewOnesNeedNotWaitBehindAnOldOne() throws Exception {
    ShadowIndex build = server.built(branch);
    Lock lease = acquire(objects().setMode(Lock.Mode.SHARED));
    var switching = CompletableFuture.supplyAsync(() -> server.switchTo(build));
    await().until(() -> isStaged(build));
    for (int i = 0; i < 20; i++) {
      release(acquire(objects().setMode(Lock.Mode.SHARED)));
    }
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);

    release(lease);

    assertThat(switching.get().getSuccess()).isTrue();
  }

  /** Whether its switch has come to where it asks for the lock. */
  private static boolean isStaged(ShadowIndex build) throws IOException {
    try (var links = Files.list(Path.of(build.getShadowIndexPath(), "../../staging"))) {
      return links.findAny().isPresent();
    }
  }

  @Test
  void anExpiredLeaseDoesNotHoldUpASwitch() throws IOException {
    ShadowIndex build = server.built(branch);
    acquire(objects().setMode(Lock.Mode.SHARED).setTtlSeconds(1));

    assertThat(server.switchTo(build).getSuccess()).isTrue();
  }

  @Test
  void aServerThatStopsDoesNotWaitForThoseWhoWaitForALock(@TempDir Path directory)
      throws Exception {
    try (var stopping = TestServer.start(directory)) {
      var lease = objects().setMode(Lock.Mode.SHARED).build();
      var _ = stopping.locks().acquireLock(lease);
      var waits = objects().setWaitSeconds(300).build();
      var waiting =
          CompletableFuture.supplyAsync(() -> refused(() -> stopping.locks().acquireLock(waits)));
      await().until(() -> isRefused(() -> stopping.locks().acquireLock(lease)));
      long began = System.nanoTime();

      stopping.server().close();

      assertThat(TestServer.reason(waiting.get())).isEqualTo("SERVER_DRAINING");
      assertThat(Duration.ofNanos(System.nanoTime() - began))
          .isLessThan(Duration.ofSeconds(15)); // half of what it gives to calls under way
    }
  }

  private static boolean isRefused(ThrowingCallable call) {
    return catchThrowable(call) != null;
  }

  @Test
  void aWatchTellsOfLocksAndOfSwitches() throws IOException {
    Lock before = acquire(objects());
    Context.CancellableContext call = Context.current().withCancellation();
    var seen = new ArrayList<WatchLocksResponse>();
    call.run(
        () -> {
          var watch =
              server
                  .locks()
                  .watchLocks(WatchLocksRequest.newBuilder().setBranchName(branch).build());
          seen.add(watch.next());
          release(before);
          seen.add(watch.next());
          try {
            assertThat(server.switchTo(server.built(branch)).getSuccess()).isTrue();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          seen.add(watch.next());
          seen.add(watch.next());
        });
    call.cancel(null);

    assertThat(seen.getFirst().getSnapshot().getLocksList()).containsExactly(before);
    assertThat(seen.subList(1, 4))
        .extracting(message -> message.getEvent().getKind().name())
        .containsExactly("RELEASED", "ACQUIRED", "RELEASED");
    assertThat(seen.get(3).getEvent().getLock().getOwner()).isEqualTo("shadowindex");
  }

  @Test
  void pagesHaveEveryLockThatIsHeldAllTheTimeOnceWhileOthersComeAndGo() {
    var held = new ArrayList<Lock>();
    for (int i = 0; i < 8; i++) {
      held.add(acquire(objects().setMode(Lock.Mode.SHARED).addResourceTypes("link_type")));
    }
    var request = ListLocksRequest.newBuilder().setBranchName(branch).setPageSize(3);

    var first = server.locks().listLocks(request.build());
    release(held.get(1)); // on the page that was read
    release(held.get(2)); // at its end
    release(held.get(3)); // at the beginning of the next one
    Lock late = acquire(objects().setMode(Lock.Mode.SHARED));
    var second = server.locks().listLocks(request.setPageToken(first.getNextPageToken()).build());
    var third = server.locks().listLocks(request.setPageToken(second.getNextPageToken()).build());

    assertThat(first.getLocksList()).containsExactlyElementsOf(held.subList(0, 3));
    assertThat(second.getLocksList()).containsExactlyElementsOf(held.subList(4, 7));
    assertThat(third.getLocksList()).containsExactly(held.get(7), late);
    assertThat(third.getNextPageToken()).isEmpty();
  }

  @Test
  void theFirstPageHasThoseThatEndedAndTheOthersHaveNone() {
    acquire(objects().setMode(Lock.Mode.SHARED));
    acquire(objects().setMode(Lock.Mode.SHARED));
    for (int i = 0; i < 2; i++) {
      Lock forced = acquire(objects().setMode(Lock.Mode.SHARED));
      var _ =
          server
              .locks()
              .releaseLock(
                  ReleaseLockRequest.newBuilder()
                      .setLockId(forced.getLockId())
                      .setOwner("root")
                      .setForceRelease(true)
                      .setReason("holiday")
                      .build());
    }
    var request =
        ListLocksRequest.newBuilder().setBranchName(branch).setPageSize(1).setShowEnded(true);

    var first = server.locks().listLocks(request.build());
    var second = server.locks().listLocks(request.setPageToken(first.getNextPageToken()).build());

    assertThat(first.getLocksCount()).isEqualTo(1);
    assertThat(first.getEndedLocksCount()).isEqualTo(1);
    assertThat(second.getLocksCount()).isEqualTo(1);
    assertThat(second.getEndedLocksCount()).isZero();
    assertThat(second.getNextPageToken()).isEmpty();
  }

  @Test
  void pageTokensThatWereNotGivenOut() {
    acquire(objects().setMode(Lock.Mode.SHARED));
    acquire(objects().setMode(Lock.Mode.SHARED));
    var request = ListLocksRequest.newBuilder().setBranchName(branch).setPageSize(1);
    String token = server.locks().listLocks(request.build()).getNextPageToken();
    assertThat(token).isNotEmpty();
    request.setPageToken(token);

    for (var odd :
        List.of(
            request.clone().setPageToken("%%%"),
            request.clone().setPageToken(token.substring(1)),
            request.clone().clearBranchName(),
            request.clone().setOwner("somebody"),
            request.clone().setShowEnded(true))) {
      assertRefused(
          () -> server.locks().listLocks(odd.build()), Code.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN");
    }
    assertInvalid(
        () -> server.locks().listLocks(request.setPageToken("x".repeat(257)).build()),
        "page_token");
  }

  @Test
  void aPageOfLocksWithTheLongestNamesEndsEarly() {
    var longest =
        AcquireLockRequest.newBuilder()
            .setBranchName(branch + "x".repeat(255 - branch.length()))
            .setScope(Lock.Scope.RESOURCE_TYPE)
            .setMode(Lock.Mode.SHARED)
            .setOwner("o".repeat(255))
            .setReason("r".repeat(1024))
            .setTtlSeconds(60);
    for (int i = 0; i < 64; i++) {
      longest.addResourceTypes("%02d".formatted(i) + "t".repeat(253));
    }
    for (int i = 0; i < 120; i++) {
      acquire(longest);
    }

    var request =
        ListLocksRequest.newBuilder().setBranchName(longest.getBranchName()).setPageSize(1000);
    var first = server.locks().listLocks(request.build());
    var second = server.locks().listLocks(request.setPageToken(first.getNextPageToken()).build());

    assertThat(first.getSerializedSize()).isLessThan(4 << 20);
    assertThat(first.getLocksCount() + second.getLocksCount()).isEqualTo(120);
    assertThat(second.getNextPageToken()).isEmpty();
  }

  @Test
  void aWatchBeginsWithAllLocksInAsManyMessagesAsTheyNeed() {
    var held = new ArrayList<Lock>();
    for (int i = 0; i < 201; i++) {
      held.add(acquire(objects().setMode(Lock.Mode.SHARED)));
    }
    Context.CancellableContext call = Context.current().withCancellation();
    var seen = new ArrayList<WatchLocksResponse.Snapshot>();
    call.run(
        () -> {
          var watch =
              server
                  .locks()
                  .watchLocks(WatchLocksRequest.newBuilder().setBranchName(branch).build());
          seen.add(watch.next().getSnapshot());
          seen.add(watch.next().getSnapshot());
        });
    call.cancel(null);

    assertThat(seen.get(0).getContinued()).isFalse();
    assertThat(seen.get(0).getIncomplete()).isTrue();
    assertThat(seen.get(1).getContinued()).isTrue();
    assertThat(seen.get(1).getIncomplete()).isFalse();
    assertThat(seen)
        .flatExtracting(WatchLocksResponse.Snapshot::getLocksList)
        .containsExactlyElementsOf(held);
  }

  /** Whether somebody waits whom a new SHARED lock would have to let pass. */
  private boolean refusedBehindWhoWaits() {
    try {
      release(acquire(objects().setMode(Lock.Mode.SHARED)));
      return false;
    } catch (StatusRuntimeException e) {
      return TestServer.reason(e).equals("LOCK_HELD");
    }
  }

  private List<EndedLock> ended() {
    return server
        .locks()
        .listLocks(ListLocksRequest.newBuilder().setBranchName(branch).setShowEnded(true).build())
        .getEndedLocksList();
  }

  private AcquireLockRequest.Builder objects() {
    return AcquireLockRequest.newBuilder()
        .setBranchName(branch)
        .setScope(Lock.Scope.RESOURCE_TYPE)
        .setResourceType("object_type")
        .setOwner("somebody")
        .setTtlSeconds(60);
  }

  private CheckWritePermissionRequest.Builder ask() {
    return CheckWritePermissionRequest.newBuilder()
        .setBranchName(branch)
        .setResourceType("object_type");
  }

  private static Lock acquire(AcquireLockRequest.Builder request) {
    return server.locks().acquireLock(request.build()).getLock();
  }

  private static CheckWritePermissionResponse check(CheckWritePermissionRequest.Builder request) {
    return server.locks().checkWritePermission(request.build());
  }

  private CheckWritePermissionResponse checkUnder(Lock lock) {
    return check(
        ask()
            .setLockId(lock.getLockId())
            .setOwner(lock.getOwner())
            .setFencingToken(lock.getFencingToken()));
  }

  private static void renew(Lock lock) {
    var _ =
        server
            .locks()
            .renewLock(
                RenewLockRequest.newBuilder()
                    .setLockId(lock.getLockId())
                    .setOwner(lock.getOwner())
                    .setFencingToken(lock.getFencingToken())
                    .build());
  }

  private static void release(Lock lock) {
    var _ = server.locks().releaseLock(releaseOf(lock).build());
  }

  private static ReleaseLockRequest.Builder releaseOf(Lock lock) {
    return ReleaseLockRequest.newBuilder()
        .setLockId(lock.getLockId())
        .setOwner(lock.getOwner())
        .setFencingToken(lock.getFencingToken());
  }

  private static void assertInvalid(ThrowingCallable call, String field) {
    var refused = refused(call);
    assertThat(refused.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(TestServer.detail(refused, BadRequest.class).getFieldViolationsList())
        .extracting(BadRequest.FieldViolation::getField)
        .contains(field);
  }

  private static void assertRefused(ThrowingCallable call, Code code, String reason) {
    var refused = refused(call);
    assertThat(refused.getStatus().getCode()).isEqualTo(code);
    assertThat(TestServer.reason(refused)).isEqualTo(reason);
  }

  private static StatusRuntimeException refused(ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call);
  }
}
