package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.testing.RecordedStream;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildResponse.Notice;
import io.shadowindex.v1.WatchBuildResponse.SwitchStep;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Watches that go on where others ended, that follow, and that watch many builds. */
final class ResumableWatchTest {

  @TempDir private Path directory;
  private TestServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = TestServer.start(directory);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aWatchResumesAfterAnyRevisionWithoutGapOrRepetition() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var other = server.startBuild("other");
    var _ = server.fail(build);
    var _ = server.retry(build);
    var _ = server.cancel(other);
    TestServer.write(build, "segment", "x");
    server.switchTo(server.complete(build, 1));
    List<Long> all = revisions(read(request(build).setFollow(true).setFromRevision(0), 15));

    for (int i = 0; i < all.size() - 1; i++) {
      List<Long> rest =
          revisions(
              read(request(build).setFollow(true).setFromRevision(all.get(i)), all.size() - i - 1));
      assertThat(rest).isEqualTo(all.subList(i + 1, all.size()));
    }
    assertThat(all).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void theStepsOfASwitchAreToldInOrder() throws Exception {
    ShadowIndex build = server.built("main");
    server.switchTo(build);

    List<String> told = new ArrayList<>();
    Iterator<WatchBuildResponse> watch =
        server.stub().watchBuild(request(build).setFromRevision(build.getRevision()).build());
    watch.forEachRemaining(
        message -> {
          switch (message.getEventCase()) {
            case STATE_CHANGE -> told.add(message.getStateChange().getState().name());
            case SWITCH_STEP -> told.add(message.getSwitchStep().getStep().name());
            case NOTICE -> told.add(message.getNotice().getKind().name());
            default -> {}
          }
        });

    assertThat(told)
        .containsExactly(
            "READY_FOR_SWITCH",
            "VALIDATING",
            "STAGED",
            "SWITCHING",
            "LOCKED",
            "FLIPPED",
            "VERIFIED",
            "COMMITTED",
            "ACTIVE");
  }

  @Test
  void aSwitchThatIsRefusedIsTold() throws Exception {
    ShadowIndex build = server.startBuild("main");
    TestServer.write(build, "segment", "x");
    ShadowIndex built = server.complete(build, 0);
    assertThat(server.switchTo(built).getSuccess()).isFalse();

    List<WatchBuildResponse> told = read(request(build).setFromRevision(built.getRevision()), 3);
    assertThat(told.getLast().getSwitchStep().getStep()).isEqualTo(SwitchStep.Enum.REFUSED);
  }

  @Test
  void followGoesOnThroughCleanupAndRollback() throws Exception {
    ShadowIndex first = server.built("main");
    var watch = new RecordedStream<WatchBuildResponse>();
    ShadowIndexServiceGrpc.newStub(server.channel())
        .watchBuild(request(first).setFollow(true).build(), watch);
    server.switchTo(first);
    server.switchTo(server.built("main"));
    var _ =
        server
            .stub()
            .rollbackIndex(
                RollbackIndexRequest.newBuilder()
                    .setBranchName("main")
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .build());

    await().until(() -> states(watch.values()).size() == 4);
    assertThat(states(watch.values()))
        .containsExactly(State.SWITCHING, State.ACTIVE, State.CLEANUP, State.ACTIVE);
    assertThat(watch.error()).isNull();
  }

  @Test
  void followEndsWhenTheBuildIsGone() throws Exception {
    server.close();
    server =
        TestServer.start(
            TestServer.withQuickHousekeeping(TestServer.config(directory)), Environment.real());
    ShadowIndex build = server.startBuild("main");
    var watch = new RecordedStream<WatchBuildResponse>();
    ShadowIndexServiceGrpc.newStub(server.channel())
        .watchBuild(request(build).setFollow(true).build(), watch);
    await().until(() -> !watch.values().isEmpty());
    var _ = server.cancel(build);

    assertThat(watch.ends()).isTrue();
    assertThat(watch.error()).isNull();
    await()
        .until(
            () ->
                read(request(build).setFromRevision(build.getRevision()), 2).stream()
                    .anyMatch(message -> message.getStateChange().getState() == State.CANCELLED));
  }

  @Test
  void theDeletionOfFilesIsTold() {
    restart(1_000_000, 90);
    ShadowIndex build = server.startBuild("main");
    long before = server.cancel(build).getRevision();
    var watch = new RecordedStream<WatchBuildsResponse>();
    ShadowIndexServiceGrpc.newStub(server.channel())
        .watchBuilds(WatchBuildsRequest.newBuilder().setFromRevision(before).build(), watch);

    await()
        .until(
            () ->
                watch.values().stream()
                    .anyMatch(
                        message ->
                            message.getEvent().getNotice().getKind() == Notice.Kind.FILES_DELETED));
  }

  @Test
  void heartbeatsTellTheNewestRevisionOfTheLog() {
    ShadowIndex build = server.startBuild("main");
    var watch = new RecordedStream<WatchBuildResponse>();
    ShadowIndexServiceGrpc.newStub(server.channel())
        .watchBuild(request(build).setHeartbeatSeconds(1).build(), watch);
    await().until(() -> !watch.values().isEmpty());
    ShadowIndex other = server.cancel(server.startBuild("other"));

    await()
        .until(
            () ->
                watch.values().stream()
                    .anyMatch(
                        message ->
                            message.hasHeartbeat()
                                && message.getRevision() >= other.getRevision()));
  }

  @Test
  void aRevisionInTheFutureIsOutOfRange() {
    ShadowIndex build = server.startBuild("main");

    StatusRuntimeException refused = refused(request(build).setFromRevision(1_000_000));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.OUT_OF_RANGE);
    assertThat(TestServer.reason(refused)).isEqualTo("REVISION_OUT_OF_RANGE");
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("newest_revision", Long.toString(build.getRevision()))
        .containsEntry("oldest_revision", "1");
  }

  @Test
  void aRevisionThatWasForgottenIsOutOfRangeAndALaterOneIsNot() {
    restart(3, 90);
    ShadowIndex build = server.startBuild("main");
    for (int i = 0; i < 5; i++) {
      var _ = server.fail(build);
      var _ = server.retry(build);
    }
    long newest = server.get(build).getRevision();
    await().until(() -> isRefused(request(build).setFromRevision(newest - 4)));

    StatusRuntimeException refused = refused(request(build).setFromRevision(0));
    assertThat(refused.getStatus().getCode()).isEqualTo(Code.OUT_OF_RANGE);
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("oldest_revision", Long.toString(newest - 2))
        .containsEntry("newest_revision", Long.toString(newest));
    assertThat(revisions(read(request(build).setFollow(true).setFromRevision(newest - 3), 3)))
        .containsExactly(newest - 2, newest - 1, newest);
  }

  @Test
  void anUnknownBuildIsNotFoundWithAndWithoutARevision() {
    ShadowIndex unknown =
        ShadowIndex.newBuilder().setShadowIndexId("00000000-0000-0000-0000-000000000000").build();

    assertThat(refused(request(unknown)).getStatus().getCode()).isEqualTo(Code.NOT_FOUND);
    assertThat(refused(request(unknown).setFromRevision(0)).getStatus().getCode())
        .isEqualTo(Code.NOT_FOUND);
  }

  @Test
  void aStoppingServerTellsTheRevisionToResumeWith() throws Exception {
    ShadowIndex build = server.startBuild("main");
    Iterator<WatchBuildResponse> watch = server.stub().watchBuild(request(build).build());
    long told = watch.next().getRevision();

    server.server().close();

    var ended = catchThrowableOfType(StatusRuntimeException.class, watch::hasNext);
    assertThat(TestServer.errorInfo(ended).getMetadataMap())
        .containsEntry("revision", Long.toString(told));
    server = TestServer.start(directory);
    var _ = server.fail(build);
    assertThat(states(read(request(build).setFromRevision(told), 1))).containsExactly(State.FAILED);
  }

  @Test
  void moreStreamsThanAConnectionMayHaveAreRefusedAndOtherCallsStillAnswered() throws Exception {
    restart(1_000_000, 2);
    ShadowIndex build = server.startBuild("main");
    var first = server.stub().watchBuild(request(build).build());
    var second = server.stub().watchBuild(request(build).build());
    first.next();
    second.next();

    StatusRuntimeException refused = refused(request(build));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(TestServer.reason(refused)).isEqualTo("TOO_MANY_STREAMS");
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("scope", "connection")
        .containsEntry("limit", "2");
    assertThat(server.get(build).getState()).isEqualTo(State.BUILDING);
    ManagedChannel elsewhere =
        NettyChannelBuilder.forAddress("127.0.0.1", server.server().port()).usePlaintext().build();
    var fromElsewhere =
        ShadowIndexServiceGrpc.newBlockingStub(elsewhere).watchBuild(request(build).build());
    assertThat(fromElsewhere.next().hasSnapshot()).isTrue();
    var tooMany =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                ShadowIndexServiceGrpc.newBlockingStub(elsewhere)
                    .watchBuild(request(build).build())
                    .next());
    assertThat(TestServer.errorInfo(tooMany).getMetadataMap()).containsEntry("scope", "server");
    var _ = server.cancel(build);
    first.forEachRemaining(message -> {});
    second.forEachRemaining(message -> {});
    await().until(() -> !isRefused(request(build)));
    elsewhere.shutdownNow();
  }

  @Test
  void manyBuildsAreWatchedByTheirFilterAndLaterOnesAppear() throws Exception {
    ShadowIndex early = start("main", "team", "a");
    var _ = start("other", "team", "a");
    var watch = new RecordedStream<WatchBuildsResponse>();
    ShadowIndexServiceGrpc.newStub(server.channel())
        .watchBuilds(
            WatchBuildsRequest.newBuilder().setBranchName("main").putLabels("team", "a").build(),
            watch);
    await().until(() -> watch.values().size() >= 2);
    assertThat(watch.values().getFirst().getShadowIndexId()).isEqualTo(early.getShadowIndexId());
    assertThat(watch.values().getFirst().getEvent().hasSnapshot()).isTrue();
    assertThat(watch.values().get(1).getEvent().hasHeartbeat()).isTrue();
    assertThat(watch.values().get(1).getEvent().getRevision()).isPositive();

    var _ = server.cancel(early);
    ShadowIndex later = start("main", "team", "a");
    server.report(later, 33, 3);
    var _ = server.cancel(later);
    var _ = server.cancel(start("main", "team", "b"));

    await()
        .until(
            () ->
                watch.values().stream()
                    .anyMatch(
                        message ->
                            message.getShadowIndexId().equals(later.getShadowIndexId())
                                && message.getEvent().getStateChange().getState()
                                    == State.CANCELLED));
    assertThat(watch.values())
        .allMatch(
            message -> message.getEvent().hasHeartbeat() || message.getBranchName().equals("main"));
    assertThat(
            watch.values().stream()
                .map(WatchBuildsResponse::getShadowIndexId)
                .filter(id -> !id.isEmpty())
                .distinct())
        .containsExactly(early.getShadowIndexId(), later.getShadowIndexId());
    long resumed = watch.values().get(1).getEvent().getRevision();
    List<Long> live = fleetRevisions(watch.values());
    Iterator<WatchBuildsResponse> again =
        server
            .stub()
            .watchBuilds(
                WatchBuildsRequest.newBuilder()
                    .setBranchName("main")
                    .putLabels("team", "a")
                    .setFromRevision(resumed)
                    .build());
    var replayed = new ArrayList<WatchBuildsResponse>();
    while (fleetRevisions(replayed).size() < live.size()) {
      replayed.add(again.next());
    }
    assertThat(fleetRevisions(replayed)).isEqualTo(live);
  }

  @Test
  void aFilterByStateTellsWhatEntersAndLeavesIt() {
    var watch = new RecordedStream<WatchBuildsResponse>();
    ShadowIndexServiceGrpc.newStub(server.channel())
        .watchBuilds(WatchBuildsRequest.newBuilder().addStates(State.FAILED).build(), watch);
    await().until(() -> watch.values().size() == 1);
    ShadowIndex build = server.startBuild("main");
    var _ = server.fail(build);
    var _ = server.retry(build);
    var _ = server.cancel(build);
    var _ = server.fail(server.startBuild("main"));

    await().until(() -> fleetRevisions(watch.values()).size() == 3);
    assertThat(
            watch.values().stream()
                .filter(message -> message.getEvent().hasStateChange())
                .map(message -> message.getEvent().getStateChange().getState()))
        .containsExactly(State.FAILED, State.PREPARING, State.FAILED);
  }

  @Test
  void snapshotsOfManyBuildsComeInPagesWithoutGapOrRepetition() {
    for (int i = 0; i < 110; i++) {
      server.startBuild("branch-" + i);
    }
    Iterator<WatchBuildsResponse> watch =
        server.stub().watchBuilds(WatchBuildsRequest.getDefaultInstance());
    var ids = new ArrayList<String>();
    WatchBuildsResponse message = watch.next();
    while (message.getEvent().hasSnapshot()) {
      ids.add(message.getShadowIndexId());
      message = watch.next();
    }

    assertThat(ids).hasSize(110).doesNotHaveDuplicates();
    assertThat(message.getEvent().hasHeartbeat()).isTrue();
  }

  private ShadowIndex start(String branch, String label, String value) {
    return server
        .stub()
        .startBuild(
            StartBuildRequest.newBuilder()
                .setBranchName(branch)
                .setIndexName(branch + value + System.nanoTime())
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .addResourceTypes("object_type")
                .putLabels(label, value)
                .build())
        .getShadowIndex();
  }

  private static List<Long> fleetRevisions(List<WatchBuildsResponse> messages) {
    return revisions(messages.stream().map(WatchBuildsResponse::getEvent).toList());
  }

  private static List<Long> revisions(List<WatchBuildResponse> messages) {
    return messages.stream()
        .filter(
            message -> message.hasStateChange() || message.hasSwitchStep() || message.hasNotice())
        .map(WatchBuildResponse::getRevision)
        .toList();
  }

  private static List<State> states(List<WatchBuildResponse> messages) {
    return messages.stream()
        .filter(WatchBuildResponse::hasStateChange)
        .map(message -> message.getStateChange().getState())
        .toList();
  }

  /** Reads a watch until it has told so many events, or is over. */
  private List<WatchBuildResponse> read(WatchBuildRequest.Builder request, int events) {
    Iterator<WatchBuildResponse> watch = server.stub().watchBuild(request.build());
    var messages = new ArrayList<WatchBuildResponse>();
    while (revisions(messages).size() < events && watch.hasNext()) {
      messages.add(watch.next());
    }
    return messages;
  }

  private boolean isRefused(WatchBuildRequest.Builder request) {
    try {
      var _ = server.stub().watchBuild(request.build()).hasNext();
      return false;
    } catch (StatusRuntimeException e) {
      return true;
    }
  }

  private StatusRuntimeException refused(WatchBuildRequest.Builder request) {
    return catchThrowableOfType(
        StatusRuntimeException.class, () -> server.stub().watchBuild(request.build()).hasNext());
  }

  private static WatchBuildRequest.Builder request(ShadowIndex build) {
    return WatchBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId());
  }

  private void restart(int keepEvents, int perConnection) {
    server.close();
    ServerConfig config =
        TestServer.withQuickHousekeeping(TestServer.config(directory))
            .with(Settings.KEEP_LOG, Duration.ofDays(1))
            .with(Settings.KEEP_EVENTS, keepEvents)
            .with(Settings.MAX_STREAMS, perConnection + 1)
            .with(Settings.MAX_STREAMS_PER_CONNECTION, perConnection);
    try {
      server = TestServer.start(config, Environment.real());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
