package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.BadRequest;
import com.google.rpc.PreconditionFailure;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AutoSwitch;
import io.shadowindex.v1.BuildConfig;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListIndexesRequest;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildsRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything a client can get wrong, with the status, the reason and the field it is told. */
final class BadInputTest {

  private static TestServer server;

  private final String branch = "branch-" + UUID.randomUUID();

  @BeforeAll
  static void startServer(@TempDir Path directory) throws IOException {
    server = TestServer.start(directory);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "..",
        "a..b",
        "/a",
        "a/",
        ".a",
        "a.",
        "a//b",
        "a\\b",
        "a\u0001b",
        "a\u007fb",
        "a@{b",
        "a.lock",
        "a.lock/b",
        "a/.b",
        "@",
        "a b",
        "a~b",
        "a^b",
        "a:b",
        "a?b",
        "a*b",
        "a[b"
      })
  void aBranchNameThatGitWouldRefuse(String name) {
    var refused = refused(() -> server.stub().startBuild(start().setBranchName(name).build()));

    assertInvalid(refused, "branch_name");
  }

  @Test
  void aBranchNameOf255BytesAndNoMore() {
    assertThat(
            server
                .stub()
                .startBuild(start().setBranchName("x".repeat(255)).build())
                .getShadowIndex()
                .getBranchName())
        .hasSize(255);
    assertInvalid(
        refused(() -> server.stub().startBuild(start().setBranchName("ü".repeat(128)).build())),
        "branch_name");
  }

  @Test
  void anUnknownOrMissingKindOfIndex() {
    assertInvalid(
        refused(() -> server.stub().startBuild(start().setIndexTypeValue(99).build())),
        "index_type");
    assertInvalid(
        refused(() -> server.stub().startBuild(start().clearIndexType().build())), "index_type");
  }

  @Test
  void resourceTypesThatAreMissingDoubleOrEmpty() {
    assertInvalid(
        refused(() -> server.stub().startBuild(start().clearResourceTypes().build())),
        "resource_types");
    assertInvalid(
        refused(() -> server.stub().startBuild(start().addResourceTypes("object_type").build())),
        "resource_types");
    assertInvalid(
        refused(() -> server.stub().startBuild(start().addResourceTypes("").build())),
        "resource_types[1]");
  }

  @Test
  void aNegativeNumberOfWorkers() {
    assertInvalid(
        refused(
            () ->
                server
                    .stub()
                    .startBuild(
                        start()
                            .setBuildConfig(BuildConfig.newBuilder().setParallelWorkers(-1))
                            .build())),
        "build_config.parallel_workers");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 101, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void aPercentOutsideOf0To100(int percent) {
    ShadowIndex build = server.startBuild(branch);

    assertInvalid(refused(() -> report(build, percent)), "progress_percent");
  }

  @Test
  void progressThatGoesBackwards() {
    ShadowIndex build = server.startBuild(branch);
    report(build, 50);

    var refused = refused(() -> report(build, 49));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(TestServer.reason(refused)).isEqualTo("PROGRESS_BACKWARDS");
    assertThat(violation(refused).getField()).isEqualTo("progress_percent");
    var countRefused =
        refused(
            () -> {
              server.stub().reportProgress(progress(build, 60).setRecordCount(10).build());
              server.stub().reportProgress(progress(build, 70).setRecordCount(9).build());
            });
    assertThat(violation(countRefused).getField()).isEqualTo("record_count");
  }

  @Test
  void negativeCountsAndSizes() {
    ShadowIndex build = server.startBuild(branch);

    assertInvalid(
        refused(() -> server.stub().reportProgress(progress(build, 1).setRecordCount(-1).build())),
        "record_count");
    assertInvalid(
        refused(() -> server.stub().completeBuild(complete(build).setRecordCount(-1).build())),
        "record_count");
    assertInvalid(
        refused(() -> server.stub().completeBuild(complete(build).setIndexSizeBytes(-1).build())),
        "index_size_bytes");
    assertThat(state(build)).isEqualTo(State.BUILDING);
  }

  @Test
  void attributesThatJsonCannotHold() throws IOException {
    ShadowIndex build = server.startBuild(branch);
    TestServer.write(build, "a", "x");
    var request = complete(build);
    request
        .getBuildSummaryBuilder()
        .getAttributesBuilder()
        .putFields("x", com.google.protobuf.Value.newBuilder().setNumberValue(Double.NaN).build());

    assertInvalid(
        refused(() -> server.stub().completeBuild(request.build())), "build_summary.attributes");
  }

  @Test
  void anIdThatIsNone() {
    assertInvalid(
        refused(
            () ->
                server
                    .stub()
                    .getShadowIndex(
                        GetShadowIndexRequest.newBuilder().setShadowIndexId("nonsense").build())),
        "shadow_index_id");
  }

  @Test
  void anIdOfNoBuild() {
    String id = UUID.randomUUID().toString();
    ShadowIndex nobody = ShadowIndex.newBuilder().setShadowIndexId(id).build();

    for (ThrowingCallable call :
        new ThrowingCallable[] {
          () -> get(nobody),
          () -> report(nobody, 1),
          () -> server.complete(nobody, 1),
          () -> server.stub().failBuild(fail(nobody).build()),
          () -> server.stub().retryBuild(retry(nobody).build()),
          () -> server.stub().cancelBuild(cancel(nobody).build()),
          () ->
              server.stub().pauseBuild(PauseBuildRequest.newBuilder().setShadowIndexId(id).build()),
          () ->
              server
                  .stub()
                  .resumeBuild(ResumeBuildRequest.newBuilder().setShadowIndexId(id).build()),
          () ->
              server.stub().claimBuild(ClaimBuildRequest.newBuilder().setShadowIndexId(id).build()),
          () -> server.switchTo(nobody),
          () ->
              server
                  .stub()
                  .watchBuild(WatchBuildRequest.newBuilder().setShadowIndexId(id).build())
                  .next()
        }) {
      var refused = refused(call);
      assertThat(refused.getStatus().getCode()).isEqualTo(Code.NOT_FOUND);
      assertThat(TestServer.reason(refused)).isEqualTo("SHADOW_INDEX_NOT_FOUND");
      assertThat(TestServer.errorInfo(refused).getMetadataMap())
          .containsEntry("shadow_index_id", id);
    }
  }

  @Test
  void anIndexThatNobodyEverBuilt() {
    var refused =
        refused(
            () ->
                server
                    .stub()
                    .getIndex(
                        GetIndexRequest.newBuilder()
                            .setBranchName(branch)
                            .setIndexType(IndexType.Enum.GRAPH_INDEX)
                            .build()));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.NOT_FOUND);
    assertThat(TestServer.reason(refused)).isEqualTo("INDEX_NOT_FOUND");
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("branch_name", branch)
        .containsEntry("index_name", "default");
  }

  @Test
  void aSecondLiveBuild() {
    ShadowIndex first = server.startBuild(branch);

    var refused = refused(() -> server.startBuild(branch));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.ALREADY_EXISTS);
    assertThat(TestServer.reason(refused)).isEqualTo("BUILD_ALREADY_EXISTS");
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("shadow_index_id", first.getShadowIndexId());
  }

  @Test
  void transitionsThatTheTableDoesNotList() throws IOException {
    ShadowIndex building = server.startBuild(branch);
    assertIllegal(() -> server.switchTo(building), "BUILDING", "BUILT");
    assertIllegal(() -> server.stub().retryBuild(retry(building).build()), "BUILDING", "FAILED");
    TestServer.write(building, "a", "x");

    ShadowIndex built = server.complete(building, 1);
    assertIllegal(() -> report(built, 100), "BUILT", "BUILDING");
    assertIllegal(() -> server.complete(built, 1), "BUILT", "BUILDING");
    assertIllegal(
        () -> server.stub().failBuild(fail(built).build()), "BUILT", "PREPARING or BUILDING");

    server.switchTo(built);
    assertIllegal(() -> server.switchTo(built), "ACTIVE", "BUILT");
    assertIllegal(
        () -> server.stub().cancelBuild(cancel(built).build()),
        "ACTIVE",
        "PREPARING or BUILDING or BUILT or FAILED");
    assertThat(state(built)).isEqualTo(State.ACTIVE);
  }

  @Test
  void anEtagThatIsStaleOrInvented() {
    ShadowIndex build = server.startBuild(branch);
    String current = get(build).getEtag();

    for (String etag : new String[] {"r1", "invented", "r", "rzz"}) {
      var refused = refused(() -> server.stub().cancelBuild(cancel(build).setEtag(etag).build()));
      assertThat(refused.getStatus().getCode()).isEqualTo(Code.ABORTED);
      assertThat(TestServer.reason(refused)).isEqualTo("STALE_ETAG");
    }
    assertThat(
            server
                .stub()
                .cancelBuild(cancel(build).setEtag(current).build())
                .getShadowIndex()
                .getState())
        .isEqualTo(State.CANCELLED);
  }

  @Test
  void theTokenOfAnEarlierAttempt() {
    ShadowIndex first = server.startBuild(branch);
    server.stub().failBuild(fail(first).build());
    ShadowIndex second = server.stub().retryBuild(retry(first).build()).getShadowIndex();
    assertThat(second.getFencingToken()).isGreaterThan(first.getFencingToken());

    long stale = first.getFencingToken();
    for (ThrowingCallable call :
        new ThrowingCallable[] {
          () -> server.stub().reportProgress(progress(first, 1).setFencingToken(stale).build()),
          () -> server.stub().completeBuild(complete(first).setFencingToken(stale).build()),
          () -> server.stub().failBuild(fail(first).setFencingToken(stale).build())
        }) {
      var refused = refused(call);
      assertThat(refused.getStatus().getCode()).isEqualTo(Code.ABORTED);
      assertThat(TestServer.reason(refused)).isEqualTo("STALE_FENCING_TOKEN");
    }
    assertThat(state(first)).isEqualTo(State.BUILDING);
  }

  @Test
  void filesThatAGenerationCannotHave() throws IOException {
    ShadowIndex build = server.startBuild(branch);
    Files.createSymbolicLink(
        Path.of(build.getShadowIndexPath()).resolve("escape"), Path.of("/etc/passwd"));

    var refused = refused(() -> server.complete(build, 1));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(TestServer.reason(refused)).isEqualTo("UNSAFE_FILE");
    assertThat(TestServer.detail(refused, PreconditionFailure.class).getViolations(0).getSubject())
        .isEqualTo("escape");
    assertThat(state(build)).isEqualTo(State.BUILDING);
  }

  @Test
  void aDirectoryThatIsGone() throws IOException {
    ShadowIndex build = server.startBuild(branch);
    Files.delete(Path.of(build.getShadowIndexPath()));

    var refused = refused(() -> server.complete(build, 1));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(TestServer.reason(refused)).isEqualTo("BUILD_DIRECTORY_MISSING");
  }

  @Test
  void pageTokensThatWereNotGivenOut() throws IOException {
    server.built(branch);
    server.startBuild(branch + "-2");
    String token =
        server
            .stub()
            .listShadowIndexes(ListShadowIndexesRequest.newBuilder().setPageSize(1).build())
            .getNextPageToken();
    assertThat(token).isNotEmpty();

    for (ThrowingCallable call :
        new ThrowingCallable[] {
          () ->
              server
                  .stub()
                  .listShadowIndexes(
                      ListShadowIndexesRequest.newBuilder().setPageToken("%%%").build()),
          () ->
              server
                  .stub()
                  .listShadowIndexes(
                      ListShadowIndexesRequest.newBuilder()
                          .setPageToken(token)
                          .setBranchName(branch)
                          .build()),
          () ->
              server.stub().listIndexes(ListIndexesRequest.newBuilder().setPageToken(token).build())
        }) {
      var refused = refused(call);
      assertThat(refused.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
      assertThat(TestServer.reason(refused)).isEqualTo("INVALID_PAGE_TOKEN");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 1001})
  void aBatchOutsideOf0To1000(int size) {
    assertInvalid(
        refused(
            () ->
                server
                    .stub()
                    .watchBuilds(WatchBuildsRequest.newBuilder().setMaxBatch(size).build())
                    .hasNext()),
        "max_batch");
  }

  @Test
  void pageSizesAndTimeoutsOutOfRange() {
    assertInvalid(
        refused(
            () ->
                server
                    .stub()
                    .listShadowIndexes(
                        ListShadowIndexesRequest.newBuilder().setPageSize(1001).build())),
        "page_size");
    assertInvalid(
        refused(
            () ->
                server
                    .stub()
                    .switchIndex(
                        SwitchIndexRequest.newBuilder()
                            .setShadowIndexId(UUID.randomUUID().toString())
                            .setSwitchTimeoutSeconds(-1)
                            .build())),
        "switch_timeout_seconds");
    assertInvalid(
        refused(
            () ->
                server
                    .stub()
                    .deleteIndex(
                        DeleteIndexRequest.newBuilder()
                            .setBranchName(branch)
                            .setIndexType(IndexType.Enum.SEARCH_INDEX)
                            .setSwitchTimeoutSeconds(-1)
                            .build())),
        "switch_timeout_seconds");
    assertInvalid(
        refused(
            () ->
                server
                    .stub()
                    .startBuild(
                        start()
                            .setAutoSwitch(AutoSwitch.newBuilder().setSwitchTimeoutSeconds(-1))
                            .build())),
        "auto_switch.switch_timeout_seconds");
  }

  @Test
  void aMessageThatIsTooLarge() {
    var refused =
        refused(
            () -> server.stub().startBuild(start().setServiceName("x".repeat(2 << 20)).build()));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
  }

  private StartBuildRequest.Builder start() {
    return StartBuildRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .addResourceTypes("object_type");
  }

  private static ReportProgressRequest.Builder progress(ShadowIndex build, int percent) {
    return ReportProgressRequest.newBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setProgressPercent(percent);
  }

  private static void report(ShadowIndex build, int percent) {
    var _ = server.stub().reportProgress(progress(build, percent).build());
  }

  private static CompleteBuildRequest.Builder complete(ShadowIndex build) {
    return CompleteBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId());
  }

  private static FailBuildRequest.Builder fail(ShadowIndex build) {
    return FailBuildRequest.newBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setErrorMessage("broken");
  }

  private static RetryBuildRequest.Builder retry(ShadowIndex build) {
    return RetryBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId());
  }

  private static CancelBuildRequest.Builder cancel(ShadowIndex build) {
    return CancelBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId());
  }

  private static ShadowIndex get(ShadowIndex build) {
    return server
        .stub()
        .getShadowIndex(
            GetShadowIndexRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build())
        .getShadowIndex();
  }

  private static State state(ShadowIndex build) {
    return get(build).getState();
  }

  private static void assertIllegal(ThrowingCallable call, String state, String required) {
    var refused = refused(call);
    assertThat(refused.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
    assertThat(TestServer.reason(refused)).isEqualTo("ILLEGAL_TRANSITION");
    assertThat(TestServer.errorInfo(refused).getMetadataMap()).containsEntry("state", state);
    assertThat(
            TestServer.detail(refused, PreconditionFailure.class).getViolations(0).getDescription())
        .isEqualTo("is %s, must be %s".formatted(state, required));
  }

  private static void assertInvalid(StatusRuntimeException refused, String field) {
    assertThat(refused.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(TestServer.reason(refused)).isEqualTo("INVALID_FIELD");
    assertThat(TestServer.detail(refused, BadRequest.class).getFieldViolationsList())
        .extracting(BadRequest.FieldViolation::getField)
        .contains(field);
  }

  private static BadRequest.FieldViolation violation(StatusRuntimeException refused) {
    return TestServer.detail(refused, BadRequest.class).getFieldViolations(0);
  }

  private static StatusRuntimeException refused(ThrowingCallable call) {
    return Objects.requireNonNull(
        catchThrowableOfType(StatusRuntimeException.class, call), "nothing was refused");
  }
}
