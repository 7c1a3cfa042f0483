package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.util.JsonFormat;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.StartBuildResponse;
import io.shadowindex.v1.SwitchIndexRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The twelve scenarios of the report that this project began with, over gRPC on a real server. */
final class OriginalReportScenariosTest {

  private static final String ORIGINAL_START =
      """
      {"branch_name":"feature/user-schema","index_type":"SEARCH_INDEX",
       "resource_types":["object_type","link_type"],
       "build_config":{"full_rebuild":false,"parallel_workers":4}}
      """;

  private final Map<SwitchStep, List<String>> lockedBefore = new EnumMap<>(SwitchStep.class);
  private final AtomicReference<TestServer> running = new AtomicReference<>();
  private TestServer server;

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    SwitchStep.Observer recorder =
        step -> lockedBefore.put(step, running.get().lockedResourceTypes("feature/user-schema"));
    server =
        TestServer.start(
            directory, new Environment(InstantSource.system(), FileOperations.real(), recorder));
    running.set(server);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void startShadowBuild() throws IOException {
    StartBuildResponse response = start();

    ShadowIndex build = response.getShadowIndex();
    assertThat(response.getShadowIndexId()).isEqualTo(build.getShadowIndexId()).hasSize(36);
    assertThat(build.getState()).isEqualTo(State.BUILDING);
    assertThat(build.getBranchName()).isEqualTo("feature/user-schema");
    assertThat(build.getResourceTypesList()).containsExactly("object_type", "link_type");
    assertThat(build.getBuildConfig().getParallelWorkers()).isEqualTo(4);
    assertThat(build.getSwitchReady()).isFalse();
    assertThat(Path.of(build.getShadowIndexPath())).isEmptyDirectory();
    assertThat(Path.of(build.getCurrentIndexPath())).doesNotExist();
  }

  @Test
  void duplicateBuildPrevention() throws IOException {
    String first = start().getShadowIndexId();

    var refused = catchThrowableOfType(StatusRuntimeException.class, this::start);

    assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(TestServer.reason(refused)).isEqualTo("BUILD_ALREADY_EXISTS");
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("shadow_index_id", first)
        .containsEntry("state", "BUILDING");
  }

  @Test
  void buildProgressUpdates() throws IOException {
    String id = start().getShadowIndexId();

    for (int percent : new int[] {10, 45, 80}) {
      var answer =
          server
              .stub()
              .reportProgress(
                  ReportProgressRequest.newBuilder()
                      .setShadowIndexId(id)
                      .setProgressPercent(percent)
                      .setEstimatedCompletionSeconds(100 - percent)
                      .setRecordCount(percent * 10L)
                      .build());
      assertThat(answer.getProgress().getBuildProgressPercent()).isEqualTo(percent);
    }

    ShadowIndex build = get(id);
    assertThat(build.getBuildProgressPercent()).isEqualTo(80);
    assertThat(build.getRecordCount()).isEqualTo(800);
    assertThat(build.getEstimatedCompletionSeconds()).isBetween(15, 20);
    assertThat(build.hasLastHeartbeatAt()).isTrue();
  }

  @Test
  void buildCompletion() throws IOException {
    ShadowIndex build = start().getShadowIndex();
    TestServer.write(build, "segment", "x".repeat(1000));

    ShadowIndex built = server.complete(build, 5432);

    assertThat(built.getState()).isEqualTo(State.BUILT);
    assertThat(built.getSwitchReady()).isTrue();
    assertThat(built.getBuildProgressPercent()).isEqualTo(100);
    assertThat(built.getRecordCount()).isEqualTo(5432);
    assertThat(built.getIndexSizeBytes()).isEqualTo(1000);
    assertThat(built.hasCompletedAt()).isTrue();
  }

  @Test
  void atomicSwitchSuccess() throws IOException {
    ShadowIndex old = buildAndComplete("old", 5000);
    server.switchTo(old);
    ShadowIndex built = buildAndComplete("new", 5432);
    var request = SwitchIndexRequest.newBuilder();
    JsonFormat.parser()
        .merge(
            """
            {"shadow_index_id":"%s","force_switch":false,
             "validation_checks":["RECORD_COUNT_VALIDATION","SIZE_COMPARISON"],
             "backup_current":true,"switch_timeout_seconds":10}
            """
                .formatted(built.getShadowIndexId()),
            request);

    var response = server.stub().switchIndex(request.build());

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getValidationPassed()).isTrue();
    assertThat(response.getVerificationPassed()).isTrue();
    assertThat(response.getIndexAccessible()).isTrue();
    assertThat(response.getLockHeldMicros()).isPositive();
    assertThat(response.getMessage()).startsWith("Index switch completed successfully in ");
    assertThat(response.getOldIndexPath()).isEqualTo(old.getShadowIndexPath());
    assertThat(response.getBackupPath()).isEqualTo(old.getShadowIndexPath());
    assertThat(response.getNewIndexPath()).isEqualTo(built.getShadowIndexPath());
    assertThat(Path.of(built.getCurrentIndexPath()).toRealPath())
        .isEqualTo(Path.of(built.getShadowIndexPath()).toRealPath());
    assertThat(get(built.getShadowIndexId()).getState()).isEqualTo(State.ACTIVE);
    assertThat(get(old.getShadowIndexId()).getState()).isEqualTo(State.CLEANUP);
    assertThat(Path.of(old.getShadowIndexPath()).resolve("segment")).exists();
  }

  @Test
  void switchValidationFailure() throws IOException {
    ShadowIndex built = buildAndComplete("empty", 0);

    var response = server.switchTo(built);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getValidationPassed()).isFalse();
    assertThat(response.getValidationErrorsList()).contains("Shadow index has no records");
    assertThat(response.getLockHeldMicros()).isZero();
    assertThat(get(built.getShadowIndexId()).getState()).isEqualTo(State.BUILT);
    assertThat(Path.of(built.getCurrentIndexPath())).doesNotExist();
  }

  @Test
  void forceSwitch() throws IOException {
    ShadowIndex built = buildAndComplete("empty", 0);

    var response =
        server.stub().switchIndex(TestServer.switchRequest(built).setForceSwitch(true).build());

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getValidationPassed()).isFalse();
    assertThat(response.getValidationErrorsList()).contains("Shadow index has no records");
    assertThat(get(built.getShadowIndexId()).getState()).isEqualTo(State.ACTIVE);
  }

  @Test
  void cancelBuild() throws IOException {
    String id = start().getShadowIndexId();

    ShadowIndex cancelled =
        server
            .stub()
            .cancelBuild(
                CancelBuildRequest.newBuilder()
                    .setShadowIndexId(id)
                    .setReason("not needed")
                    .build())
            .getShadowIndex();

    assertThat(cancelled.getState()).isEqualTo(State.CANCELLED);
    assertThat(cancelled.getErrorMessage()).isEqualTo("not needed");
    assertThat(start().getShadowIndex().getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void listActiveShadows() throws IOException {
    server.built("ready");
    server.startBuild("one");
    server.startBuild("two");

    var all = server.stub().listShadowIndexes(ListShadowIndexesRequest.getDefaultInstance());
    var ofOne =
        server
            .stub()
            .listShadowIndexes(ListShadowIndexesRequest.newBuilder().setBranchName("one").build());

    assertThat(all.getShadowIndexesList())
        .extracting(ShadowIndex::getBranchName)
        .containsExactly("two", "one", "ready");
    assertThat(all.getTotalCount()).isEqualTo(3);
    assertThat(all.getActiveBuilds()).isEqualTo(2);
    assertThat(all.getReadyForSwitch()).isEqualTo(1);
    assertThat(ofOne.getTotalCount()).isEqualTo(1);
  }

  @Test
  void switchDurationEstimation() throws IOException {
    ShadowIndex building = start().getShadowIndex();
    assertThat(building.getEstimatedSwitchDurationSeconds()).isEqualTo(5);
    TestServer.write(building, "segment", "x");

    ShadowIndex built =
        server
            .stub()
            .completeBuild(
                CompleteBuildRequest.newBuilder()
                    .setShadowIndexId(building.getShadowIndexId())
                    .setRecordCount(1)
                    .setIndexSizeBytes(250L << 20)
                    .build())
            .getShadowIndex();

    assertThat(built.getEstimatedSwitchDurationSeconds()).isEqualTo(2);
  }

  @Test
  void lockOnlyDuringSwitch() throws IOException {
    ShadowIndex built = buildAndComplete("locked", 10);
    assertThat(lockedNow()).isEmpty();

    server.switchTo(built);

    assertThat(lockedBefore.get(SwitchStep.VALIDATE)).isEmpty();
    assertThat(lockedBefore.get(SwitchStep.STAGE)).isEmpty();
    assertThat(lockedBefore.get(SwitchStep.INTEND)).isEmpty();
    assertThat(lockedBefore.get(SwitchStep.FLIP)).containsExactly("link_type", "object_type");
    assertThat(lockedBefore.get(SwitchStep.VERIFY)).containsExactly("link_type", "object_type");
    assertThat(lockedBefore.get(SwitchStep.COMMIT)).containsExactly("link_type", "object_type");
    assertThat(lockedNow()).isEmpty();
  }

  @Test
  void writesAllowedThroughoutTheBuild() throws IOException {
    ShadowIndex build = start().getShadowIndex();
    assertThat(lockedNow()).isEmpty();
    for (int percent = 0; percent <= 100; percent += 10) {
      server
          .stub()
          .reportProgress(
              ReportProgressRequest.newBuilder()
                  .setShadowIndexId(build.getShadowIndexId())
                  .setProgressPercent(percent)
                  .build());
      assertThat(lockedNow()).isEmpty();
    }
    TestServer.write(build, "segment", "x");
    server.complete(build, 1);
    assertThat(lockedNow()).isEmpty();
  }

  private StartBuildResponse start() throws IOException {
    var request = StartBuildRequest.newBuilder();
    JsonFormat.parser().merge(ORIGINAL_START, request);
    return server.stub().startBuild(request.build());
  }

  private ShadowIndex buildAndComplete(String content, long records) throws IOException {
    ShadowIndex build = start().getShadowIndex();
    Files.writeString(Path.of(build.getShadowIndexPath()).resolve("segment"), content);
    return server.complete(build, records);
  }

  private ShadowIndex get(String id) {
    return server
        .stub()
        .getShadowIndex(GetShadowIndexRequest.newBuilder().setShadowIndexId(id).build())
        .getShadowIndex();
  }

  private List<String> lockedNow() {
    return server.lockedResourceTypes("feature/user-schema");
  }
}
