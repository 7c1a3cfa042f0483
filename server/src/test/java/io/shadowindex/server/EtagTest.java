package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every call that changes a build is refused with an etag of before somebody else changed it. */
final class EtagTest {

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

  @Test
  void completing() throws IOException {
    ShadowIndex stale = retried();
    ShadowIndex current = server.get(stale);
    Path file = TestServer.write(stale, "segment", "records");
    var complete = CompleteBuildRequest.newBuilder().setShadowIndexId(stale.getShadowIndexId());

    assertStale(
        stale, () -> server.stub().completeBuild(complete.setEtag(stale.getEtag()).build()));

    assertThat(Files.isWritable(file)).as("the worker may go on writing").isTrue();
    var built = server.stub().completeBuild(complete.setEtag(current.getEtag()).build());
    assertThat(built.getShadowIndex().getEtag()).isNotEqualTo(current.getEtag());
  }

  @Test
  void failing() {
    ShadowIndex stale = retried();
    var fail =
        FailBuildRequest.newBuilder()
            .setShadowIndexId(stale.getShadowIndexId())
            .setErrorMessage("failed");

    assertStale(stale, () -> server.stub().failBuild(fail.setEtag(stale.getEtag()).build()));

    var _ = server.stub().failBuild(fail.setEtag(server.get(stale).getEtag()).build());
  }

  @Test
  void retrying() {
    ShadowIndex stale = server.startBuild(branch);
    server.fail(stale);
    var retry = RetryBuildRequest.newBuilder().setShadowIndexId(stale.getShadowIndexId());

    assertStale(stale, () -> server.stub().retryBuild(retry.setEtag(stale.getEtag()).build()));

    var _ = server.stub().retryBuild(retry.setEtag(server.get(stale).getEtag()).build());
  }

  @Test
  void cancelling() {
    ShadowIndex stale = retried();
    var cancel = CancelBuildRequest.newBuilder().setShadowIndexId(stale.getShadowIndexId());

    assertStale(stale, () -> server.stub().cancelBuild(cancel.setEtag(stale.getEtag()).build()));

    var _ = server.stub().cancelBuild(cancel.setEtag(server.get(stale).getEtag()).build());
  }

  @Test
  void switchingEvenToABuildThatItsChecksRefuse() throws IOException {
    ShadowIndex stale = server.startBuild(branch);
    TestServer.write(stale, "segment", "");
    ShadowIndex current = server.complete(stale, 0);
    var request = TestServer.switchRequest(stale);

    assertStale(stale, () -> server.stub().switchIndex(request.setEtag(stale.getEtag()).build()));
    assertStale(
        stale,
        () ->
            server
                .stub()
                .switchIndex(request.setEtag(stale.getEtag()).setValidateOnly(true).build()));

    assertThat(server.get(stale).hasLastSwitch()).isFalse();
    var switched =
        server
            .stub()
            .switchIndex(
                request
                    .setEtag(current.getEtag())
                    .setValidateOnly(false)
                    .setForceSwitch(true)
                    .build());
    assertThat(switched.getSuccess()).isTrue();
  }

  /** A build as it was before it failed and was begun again. */
  private ShadowIndex retried() {
    ShadowIndex before = server.startBuild(branch);
    server.fail(before);
    server.retry(before);
    return before;
  }

  private static void assertStale(ShadowIndex build, ThrowingCallable call) {
    var refused = catchThrowableOfType(StatusRuntimeException.class, call);
    assertThat(refused).isNotNull();
    assertThat(refused.getStatus().getCode()).isEqualTo(Code.ABORTED);
    assertThat(TestServer.reason(refused)).isEqualTo("STALE_ETAG");
    assertThat(TestServer.errorInfo(refused).getMetadataMap())
        .containsEntry("shadow_index_id", build.getShadowIndexId());
  }
}
