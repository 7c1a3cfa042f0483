package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.RetryInfo;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import java.io.IOException;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds beyond what the server is configured for are refused, and told when to come back. */
final class BuildLimitsTest {

  private TestServer server;

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    server =
        TestServer.start(
            TestServer.config(directory)
                .with(Settings.MAX_BUILDS, 3)
                .with(Settings.MAX_BUILDS_PER_BRANCH, 2),
            Environment.real());
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aBranchHasSoManyUnfinishedBuilds() throws IOException {
    ShadowIndex first = start("main", "first");
    start("main", "second");

    StatusRuntimeException refused = refused(() -> start("main", "third"));

    assertThat(refused.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(TestServer.reason(refused)).isEqualTo("TOO_MANY_BUILDS");
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("limit", "2")
        .containsEntry("branch_name", "main");
    assertThat(TestServer.detail(refused, RetryInfo.class).getRetryDelay().getSeconds())
        .isPositive();
    TestServer.write(first, "segment", "records");
    server.switchTo(server.complete(first, 1));
    assertThat(start("main", "third").getState()).isEqualTo(ShadowIndex.State.BUILDING);
  }

  @Test
  void soDoAllBranchesTogetherAndARetryCountsToo() {
    ShadowIndex failed = start("a", "first");
    server.fail(failed);
    start("a", "second");
    start("b", "first");
    start("c", "first");

    StatusRuntimeException refused = refused(() -> start("d", "first"));

    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("limit", "3")
        .doesNotContainKey("branch_name");
    assertThat(TestServer.reason(refused(() -> server.retry(failed)))).isEqualTo("TOO_MANY_BUILDS");
  }

  @Test
  void theSecondBuildOfAnIndexIsStillToldOfTheFirst() {
    start("main", "first");
    start("main", "second");

    assertThat(TestServer.reason(refused(() -> start("main", "first"))))
        .isEqualTo("BUILD_ALREADY_EXISTS");
  }

  private ShadowIndex start(String branch, String name) {
    return server
        .stub()
        .startBuild(
            StartBuildRequest.newBuilder()
                .setBranchName(branch)
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .setIndexName(name)
                .addResourceTypes(name)
                .build())
        .getShadowIndex();
  }

  private static StatusRuntimeException refused(ThrowingCallable call) {
    StatusRuntimeException refused = catchThrowableOfType(StatusRuntimeException.class, call);
    assertThat(refused).isNotNull();
    return refused;
  }
}
