package io.shadowindex.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import io.grpc.Context;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.DiskFaults;
import io.shadowindex.server.testing.DiskFaults.Fault;
import io.shadowindex.server.testing.ManualClock;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.DeleteIndexResponse;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.Index;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ReleaseLockResponse;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A request_id has at most one effect and one answer, whatever happens in between. */
final class RepeatedRequestsTest {

  private static final SwitchStep.Observer NOTHING = SwitchStep.Observer.NONE;

  /** Those that a switch which nothing is wrong with takes. */
  private static final List<SwitchStep> SWITCH_STEPS =
      List.of(
          SwitchStep.VALIDATE,
          SwitchStep.STAGE,
          SwitchStep.INTEND,
          SwitchStep.FLIP,
          SwitchStep.VERIFY,
          SwitchStep.COMMIT);

  private static final Duration DAY = Duration.ofHours(24);

  private final String id = UUID.randomUUID().toString();
  private final ManualClock clock = new ManualClock();
  private final DiskFaults disk = new DiskFaults();
  private Path directory = Path.of("");
  private TestServer server;
  private volatile SwitchStep.Observer observer = NOTHING;

  @BeforeEach
  void startServer(@TempDir Path temporary) throws IOException {
    directory = temporary;
    start();
  }

  private void start() throws IOException {
    server =
        TestServer.start(
            TestServer.withServeRoot(
                TestServer.config(directory), directory.resolve("index/serve")), // sweeps at once
            new Environment(clock, disk.files(), step -> observer.before(step)));
  }

  private void restart() throws IOException {
    server.close();
    observer = NOTHING;
    start();
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void everyMutationGetsItsFirstAnswerAgain() throws IOException {
    ShadowIndex build =
        twice(() -> server.stub().startBuild(startRequest().setRequestId(newId(0)).build()))
            .getShadowIndex();
    var pause = PauseBuildRequest.newBuilder().setShadowIndexId(id(build)).setRequestId(newId(8));
    twice(() -> server.stub().pauseBuild(pause.build()));
    var resume = ResumeBuildRequest.newBuilder().setShadowIndexId(id(build)).setRequestId(newId(9));
    twice(() -> server.stub().resumeBuild(resume.build()));
    ShadowIndex claimed =
        twice(() -> server.stub().claimBuild(claimRequest(build).setRequestId(newId(10)).build()))
            .getShadowIndex();
    assertThat(claimed.getFencingToken()).isGreaterThan(build.getFencingToken());
    var fail = FailBuildRequest.newBuilder().setErrorMessage("failed");
    twice(
        () ->
            server
                .stub()
                .failBuild(fail.setShadowIndexId(id(build)).setRequestId(newId(1)).build()));
    var retry = RetryBuildRequest.newBuilder().setShadowIndexId(id(build)).setRequestId(newId(2));
    assertThat(twice(() -> server.stub().retryBuild(retry.build())).getShadowIndex().getAttempt())
        .isEqualTo(2);
    TestServer.write(build, "segment", "records of " + id(build));
    var complete =
        CompleteBuildRequest.newBuilder()
            .setShadowIndexId(id(build))
            .setRecordCount(100)
            .setRequestId(newId(3));
    twice(() -> server.stub().completeBuild(complete.build()));
    twice(() -> server.stub().switchIndex(switchRequest(build).setRequestId(newId(4)).build()));
    ShadowIndex second = server.built("main");
    server.switchTo(second);
    twice(
        () -> server.stub().rollbackIndex(rollbackRequest("main").setRequestId(newId(5)).build()));
    assertThat(index("main").getActiveGeneration().getShadowIndexId()).isEqualTo(id(build));
    ShadowIndex third = server.startBuild("main");
    var cancel = CancelBuildRequest.newBuilder().setShadowIndexId(id(third)).setRequestId(newId(6));
    twice(() -> server.stub().cancelBuild(cancel.build()));
    twice(() -> server.stub().deleteIndex(deleteRequest("main").setRequestId(newId(7)).build()));
  }

  /** Calls twice, and fails unless the answers are equal and the second call changed nothing. */
  private <T extends Message> T twice(Supplier<T> call) {
    T first = call.get();
    List<String> etags = etags();
    assertThat(call.get()).isEqualTo(first);
    assertThat(etags()).isEqualTo(etags);
    return first;
  }

  /** One for each build of the branch, and changed with it. */
  private List<String> etags() {
    return server
        .stub()
        .listShadowIndexes(ListShadowIndexesRequest.newBuilder().setBranchName("main").build())
        .getShadowIndexesList()
        .stream()
        .map(ShadowIndex::getEtag)
        .toList();
  }

  @Test
  void locksGetTheirFirstAnswerAgain() {
    var acquire = lockRequest().addResourceTypes("link_type").setRequestId(newId(0)).build();
    Lock lock = server.locks().acquireLock(acquire).getLock();
    assertThat(server.locks().acquireLock(acquire).getLock()).isEqualTo(lock);
    assertThat(server.lockedResourceTypes("main")).containsExactly("link_type", "object_type");

    var part = releaseOf(lock).addResourceTypes("link_type").setRequestId(newId(1)).build();
    ReleaseLockResponse partly = server.locks().releaseLock(part);
    assertThat(server.locks().releaseLock(part)).isEqualTo(partly);
    var whole = releaseOf(lock).setRequestId(newId(2)).build();
    ReleaseLockResponse released = server.locks().releaseLock(whole);
    assertThat(server.locks().releaseLock(whole)).isEqualTo(released);
    assertThat(released.getReleasedLock().getLockId()).isEqualTo(lock.getLockId());
    assertThat(server.lockedResourceTypes("main")).isEmpty();
  }

  @Test
  void aLockWhoseAnswerWasLostIsAnsweredAsItIsAndNotTakenTwice() throws Exception {
    var acquire = lockRequest().setRequestId(id).build();
    Lock lock = server.locks().acquireLock(acquire).getLock();
    loseAnswer(id);

    assertThat(server.locks().acquireLock(acquire).getLock()).isEqualTo(lock);

    var release = releaseOf(lock).setRequestId(newId(1)).build();
    var _ = server.locks().releaseLock(release);
    loseAnswer(newId(1));
    assertThat(server.locks().releaseLock(release).hasLock()).isFalse();
    loseAnswer(id);
    assertThat(TestServer.reason(refused(() -> server.locks().acquireLock(acquire))))
        .isEqualTo("LOCK_NOT_FOUND");
  }

  @Test
  void aCallerWhoWentAwayWhileItWaitedForALockMayAskAgain() {
    Lock held = server.locks().acquireLock(lockRequest().build()).getLock();
    var acquire = lockRequest().setOwner("bob").setWaitSeconds(20).setRequestId(id).build();
    Context.CancellableContext client = Context.current().withCancellation();
    var first =
        CompletableFuture.supplyAsync(
            () -> {
              Context before = client.attach();
              try {
                return refused(() -> server.locks().acquireLock(acquire));
              } finally {
                client.detach(before);
              }
            });
    client.cancel(null);
    first.join();
    var second = CompletableFuture.supplyAsync(() -> server.locks().acquireLock(acquire));
    var _ = server.locks().releaseLock(releaseOf(held).build());

    Lock lock = second.join().getLock();

    assertThat(lock.getOwner()).isEqualTo("bob");
    assertThat(server.locks().acquireLock(acquire).getLock()).isEqualTo(lock);
    assertThat(server.lockedResourceTypes("main")).containsExactly("object_type");
  }

  /** As if the server had died after the effect and before it could keep its answer. */
  private void loseAnswer(String requestId) throws IOException, SQLException {
    server.close();
    String url = "jdbc:h2:file:" + directory.resolve("state/shadowindex").toAbsolutePath();
    try (var database = DriverManager.getConnection(url, "", "");
        var update =
            database.prepareStatement("update request set answer = null where request_id = ?")) {
      update.setObject(1, UUID.fromString(requestId));
      assertThat(update.executeUpdate()).isEqualTo(1);
    }
    start();
  }

  private static AcquireLockRequest.Builder lockRequest() {
    return AcquireLockRequest.newBuilder()
        .setBranchName("main")
        .setScope(Lock.Scope.RESOURCE_TYPE)
        .addResourceTypes("object_type")
        .setOwner("alice")
        .setTtlSeconds(60);
  }

  private static ReleaseLockRequest.Builder releaseOf(Lock lock) {
    return ReleaseLockRequest.newBuilder()
        .setLockId(lock.getLockId())
        .setOwner(lock.getOwner())
        .setFencingToken(lock.getFencingToken());
  }

  @Test
  void anAnswerOutlivesARestart() throws IOException {
    var request = startRequest().setRequestId(id).build();
    var first = server.stub().startBuild(request);

    restart();

    assertThat(server.stub().startBuild(request)).isEqualTo(first);
  }

  @Test
  void theIdOfAnotherRequestIsRefused() {
    var _ = server.stub().startBuild(startRequest().setRequestId(id).build());

    StatusRuntimeException otherField =
        refused(
            () ->
                server
                    .stub()
                    .startBuild(startRequest().setServiceName("other").setRequestId(id).build()));
    StatusRuntimeException otherMethod =
        refused(() -> server.stub().deleteIndex(deleteRequest("main").setRequestId(id).build()));

    assertThat(otherField.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(TestServer.reason(otherField)).isEqualTo("REQUEST_ID_REUSED");
    assertThat(TestServer.errorInfo(otherField).getMetadataMap()).containsEntry("request_id", id);
    assertThat(TestServer.detail(otherField, BadRequest.class).getFieldViolations(0).getField())
        .isEqualTo("request_id");
    assertThat(TestServer.reason(otherMethod)).isEqualTo("REQUEST_ID_REUSED");
  }

  @Test
  void anIdThatIsNoUuidIsRefusedWithItsField() {
    StatusRuntimeException refused =
        refused(() -> server.stub().startBuild(startRequest().setRequestId("mine").build()));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(TestServer.detail(refused, BadRequest.class).getFieldViolations(0).getField())
        .isEqualTo("request_id");
  }

  @Test
  void aRefusalThatChangedNothingIsTriedAgain() {
    ShadowIndex first = server.startBuild("main");
    var request = startRequest().setRequestId(id).build();
    assertThat(TestServer.reason(refused(() -> server.stub().startBuild(request))))
        .isEqualTo("BUILD_ALREADY_EXISTS");

    server.cancel(first);

    assertThat(server.stub().startBuild(request).getShadowIndex().getState())
        .isEqualTo(State.BUILDING);
  }

  @Test
  void aDryRunIsNotRemembered() throws IOException {
    ShadowIndex build = server.built("main");
    var dryRun = switchRequest(build).setValidateOnly(true).setRequestId(id).build();
    assertThat(server.stub().switchIndex(dryRun).hasPreview()).isTrue();

    assertThat(
            server.stub().switchIndex(switchRequest(build).setRequestId(id).build()).getSuccess())
        .isTrue();
  }

  private void pauseSoThatSilenceDoesNotFailIt(String buildId) {
    var _ =
        server.stub().pauseBuild(PauseBuildRequest.newBuilder().setShadowIndexId(buildId).build());
  }

  @Test
  void anIdIsForgottenAfter24Hours() {
    var request = startRequest().setRequestId(id).build();
    String first = server.stub().startBuild(request).getShadowIndexId();
    pauseSoThatSilenceDoesNotFailIt(first);
    clock.advance(DAY);
    assertThat(server.stub().startBuild(request).getShadowIndexId()).isEqualTo(first);

    clock.advance(Duration.ofSeconds(1));

    await()
        .untilAsserted(
            () ->
                assertThat(TestServer.reason(refused(() -> server.stub().startBuild(request))))
                    .isEqualTo("BUILD_ALREADY_EXISTS"));
  }

  @Test
  void aSecondCallWaitsForTheFirst() throws Exception {
    ShadowIndex build = server.built("main");
    var reached = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    observer =
        AtStep.run(
            SwitchStep.VERIFY,
            () -> {
              reached.countDown();
              awaitUninterruptibly(goOn);
            });
    var request = switchRequest(build).setRequestId(id).build();
    var first = CompletableFuture.supplyAsync(() -> server.stub().switchIndex(request));
    reached.await();
    StatusRuntimeException impatient =
        refused(
            () -> server.stub().withDeadlineAfter(200, TimeUnit.MILLISECONDS).switchIndex(request));
    var second = CompletableFuture.supplyAsync(() -> server.stub().switchIndex(request));
    assertThat(second).isNotDone();
    goOn.countDown();

    assertThat(impatient.getStatus().getCode()).isIn(Code.DEADLINE_EXCEEDED, Code.ABORTED);
    assertThat(first.join().getSuccess()).isTrue();
    assertThat(second.join()).isEqualTo(first.join());
  }

  @Test
  void aClientThatGoesAwayAtAnyStepReadsTheWholeResultLater() throws IOException {
    for (SwitchStep step : SWITCH_STEPS) {
      String branch = step.name();
      ShadowIndex old = server.built(branch);
      server.switchTo(old);
      var request = switchRequest(server.built(branch)).setRequestId(idOf(step)).build();
      Context.CancellableContext client = Context.current().withCancellation();
      observer = AtStep.run(step, () -> client.cancel(null));

      Throwable gone = catchThrowable(() -> client.call(() -> server.stub().switchIndex(request)));
      SwitchIndexResponse result = server.stub().switchIndex(request);

      assertThat(gone).isInstanceOf(StatusRuntimeException.class);
      assertThat(result.getSuccess()).as("switch left at %s", step).isTrue();
      assertThat(result.getLockHeldMicros()).isPositive();
      assertThat(result.getOldIndexPath()).isEqualTo(old.getShadowIndexPath());
      assertThat(newestRevision()).isEqualTo(result.getShadowIndex().getRevision() + 2);
    }
  }

  @Test
  void aSwitchThatACrashCutOffAtAnyStepIsBroughtToItsEndOnce() throws IOException {
    var requests = new EnumMap<SwitchStep, SwitchIndexRequest>(SwitchStep.class);
    for (SwitchStep step : SWITCH_STEPS) {
      server.switchTo(server.built(step.name()));
      var request = switchRequest(server.built(step.name())).setRequestId(idOf(step)).build();
      crashAt(step, () -> server.stub().switchIndex(request));
      requests.put(step, request);
    }
    restart();

    requests.forEach(
        (step, request) -> {
          SwitchIndexResponse result = twice(() -> server.stub().switchIndex(request));

          assertThat(result.getSuccess()).as("switch cut off at %s", step).isTrue();
          assertThat(result.getShadowIndex().getState()).isEqualTo(State.ACTIVE);
          assertThat(result.getNewIndexPath())
              .isEqualTo(result.getShadowIndex().getShadowIndexPath());
          assertThat(index(step.name()).getActiveGeneration().getShadowIndexId())
              .isEqualTo(request.getShadowIndexId());
        });
  }

  @Test
  void aRollbackThatACrashCutOffAtAnyStepGoesBackOneGenerationOnly() throws IOException {
    var requests = new EnumMap<SwitchStep, RollbackIndexRequest>(SwitchStep.class);
    var expected = new EnumMap<SwitchStep, String>(SwitchStep.class);
    for (SwitchStep step : SWITCH_STEPS) {
      server.switchTo(server.built(step.name()));
      ShadowIndex second = server.built(step.name());
      server.switchTo(second);
      server.switchTo(server.built(step.name()));
      var request = rollbackRequest(step.name()).setRequestId(idOf(step)).build();
      crashAt(step, () -> server.stub().rollbackIndex(request));
      requests.put(step, request);
      expected.put(step, id(second));
    }
    restart();

    requests.forEach(
        (step, request) -> {
          RollbackIndexResponse result = twice(() -> server.stub().rollbackIndex(request));

          assertThat(result.getSuccess()).as("rollback cut off at %s", step).isTrue();
          assertThat(result.getShadowIndex().getShadowIndexId()).isEqualTo(expected.get(step));
          assertThat(index(step.name()).getActiveGeneration().getShadowIndexId())
              .isEqualTo(expected.get(step));
        });
  }

  @Test
  void aDeletionThatACrashCutOffAtAnyStepIsBroughtToItsEnd() throws IOException {
    var requests = new EnumMap<SwitchStep, DeleteIndexRequest>(SwitchStep.class);
    var expected = new EnumMap<SwitchStep, String>(SwitchStep.class);
    for (SwitchStep step : List.of(SwitchStep.INTEND, SwitchStep.FLIP, SwitchStep.COMMIT)) {
      server.switchTo(server.built(step.name()));
      expected.put(step, id(server.startBuild(step.name())));
      var request =
          deleteRequest(step.name()).setCancelBuilds(true).setRequestId(idOf(step)).build();
      crashAt(step, () -> server.stub().deleteIndex(request));
      requests.put(step, request);
    }
    restart();

    requests.forEach(
        (step, request) -> {
          DeleteIndexResponse result = twice(() -> server.stub().deleteIndex(request));

          assertThat(result.getCancelledBuilds(0).getShadowIndexId()).isEqualTo(expected.get(step));
          assertThat(TestServer.reason(refused(() -> index(step.name()))))
              .isEqualTo("INDEX_NOT_FOUND");
        });
  }

  private void crashAt(SwitchStep step, Supplier<?> call) {
    observer = AtStep.crash(step);
    assertThat(refused(call)).isNotNull();
    observer = NOTHING;
  }

  @Test
  void aRollbackThatHappenedIsNotDoneAgainAfterALaterSwitch() throws IOException {
    ShadowIndex first = server.built("main");
    server.switchTo(first);
    server.switchTo(server.built("main"));
    var request = rollbackRequest("main").setRequestId(id).build();
    crashAt(SwitchStep.COMMIT, () -> server.stub().rollbackIndex(request));
    restart();
    ShadowIndex third = server.built("main");
    server.switchTo(third);

    RollbackIndexResponse result = server.stub().rollbackIndex(request);

    assertThat(result.getSuccess()).isTrue();
    assertThat(result.getShadowIndex().getShadowIndexId()).isEqualTo(id(first));
    assertThat(index("main").getActiveGeneration().getShadowIndexId()).isEqualTo(id(third));
  }

  @Test
  void anIndexThatWasBegunAnewIsNotDeletedAgain() throws IOException {
    server.switchTo(server.built("main"));
    var request = deleteRequest("main").setRequestId(id).build();
    crashAt(SwitchStep.COMMIT, () -> server.stub().deleteIndex(request));
    restart();
    ShadowIndex next = server.built("main");
    server.switchTo(next);

    assertThat(server.stub().deleteIndex(request).getMessage()).startsWith("Index deleted");

    assertThat(index("main").getActiveGeneration().getShadowIndexId()).isEqualTo(id(next));
  }

  @Test
  void aStartWithoutADirectoryGoesOnAsTheSameBuild() {
    var request = startRequest().setRequestId(id).build();
    disk.fail(0, Fault.DISK_FULL);
    assertThat(TestServer.reason(refused(() -> server.stub().startBuild(request))))
        .isEqualTo("DISK_FULL");
    disk.heal();

    ShadowIndex build = server.stub().startBuild(request).getShadowIndex();

    assertThat(build.getState()).isEqualTo(State.BUILDING);
    assertThat(Path.of(build.getShadowIndexPath())).isEmptyDirectory();
    assertThat(
            server
                .stub()
                .listShadowIndexes(ListShadowIndexesRequest.getDefaultInstance())
                .getTotalCount())
        .isEqualTo(1);
  }

  @Test
  void aClaimWhoseAnswerWasLostIsAnsweredUntilSomebodyElseClaims() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var mine = claimRequest(build).setRequestId(newId(0)).build();
    ShadowIndex claimed = server.stub().claimBuild(mine).getShadowIndex();
    loseAnswers();
    assertThat(server.stub().claimBuild(mine).getShadowIndex().getFencingToken())
        .isEqualTo(claimed.getFencingToken());
    loseAnswers();
    var others = claimRequest(build).setRequestId(newId(1)).build();
    server.stub().claimBuild(others);

    assertThat(TestServer.reason(refused(() -> server.stub().claimBuild(mine))))
        .isEqualTo("STALE_FENCING_TOKEN");
  }

  /** Leaves what a server leaves that dies after each effect, before its answer is stored. */
  private void loseAnswers() throws Exception {
    server.close();
    String database = directory.resolve("state/shadowindex").toString();
    try (var connection = DriverManager.getConnection("jdbc:h2:file:" + database);
        var statement = connection.createStatement()) {
      var _ = statement.executeUpdate("update request set answer = null");
    }
    start();
  }

  @Test
  void aSwitchThatWasRefusedIsAnsweredSoAgainThoughItWouldPassNow() throws Exception {
    ShadowIndex live = server.built("main");
    server.switchTo(live);
    ShadowIndex build = server.built("main");
    Path segment = Path.of(build.getShadowIndexPath()).resolve("segment");
    byte[] content = Files.readAllBytes(segment);
    Files.delete(segment);
    var request = switchRequest(build).setRequestId(id).build();
    SwitchIndexResponse refused = server.stub().switchIndex(request);
    assertThat(refused.getSuccess()).isFalse();
    Files.write(segment, content);

    loseAnswer(id);

    SwitchIndexResponse again = server.stub().switchIndex(request);
    assertThat(again.getSuccess()).isFalse();
    assertThat(again.getValidationErrorsList()).isEqualTo(refused.getValidationErrorsList());
    assertThat(server.get(build).getState()).isEqualTo(State.BUILT);
  }

  @Test
  void aSwitchThatWasRefusedByItsChecksIsAnsweredSoAgain() throws IOException {
    ShadowIndex build = server.startBuild("main");
    TestServer.write(build, "segment", "");
    server.complete(build, 0);
    var request = switchRequest(build).setRequestId(id).build();

    SwitchIndexResponse refused = twice(() -> server.stub().switchIndex(request));

    assertThat(refused.getSuccess()).isFalse();
    assertThat(refused.getValidationErrorsList()).isNotEmpty();
  }

  private String newId(int number) {
    return UUID.nameUUIDFromBytes((id + number).getBytes(UTF_8)).toString();
  }

  private String idOf(SwitchStep step) {
    return UUID.nameUUIDFromBytes((id + step).getBytes(UTF_8)).toString();
  }

  private static String id(ShadowIndex build) {
    return build.getShadowIndexId();
  }

  private static StartBuildRequest.Builder startRequest() {
    return StartBuildRequest.newBuilder()
        .setBranchName("main")
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .addResourceTypes("object_type")
        .putLabels("team", "search")
        .putLabels("host", "a");
  }

  /** Also from a worker that reports. */
  private static ClaimBuildRequest.Builder claimRequest(ShadowIndex build) {
    return ClaimBuildRequest.newBuilder().setShadowIndexId(id(build)).setForce(true);
  }

  private static SwitchIndexRequest.Builder switchRequest(ShadowIndex build) {
    return TestServer.switchRequest(build);
  }

  private static RollbackIndexRequest.Builder rollbackRequest(String branch) {
    return RollbackIndexRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(IndexType.Enum.SEARCH_INDEX);
  }

  private static DeleteIndexRequest.Builder deleteRequest(String branch) {
    return DeleteIndexRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(IndexType.Enum.SEARCH_INDEX);
  }

  private Index index(String branch) {
    return server
        .stub()
        .getIndex(
            GetIndexRequest.newBuilder()
                .setBranchName(branch)
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .build())
        .getIndex();
  }

  /** The number of the last event; finding it out adds two. */
  private long newestRevision() {
    ShadowIndex probe = server.startBuild("probe-" + UUID.randomUUID());
    return probe.getRevision();
  }

  private static StatusRuntimeException refused(Supplier<?> call) {
    return Objects.requireNonNull(
        catchThrowableOfType(
            StatusRuntimeException.class, () -> Objects.requireNonNull(call.get())));
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
