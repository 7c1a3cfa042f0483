package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.RetryInfo;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ReleaseLockRequest;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Locks beyond what the server is configured for are refused, and told when to come back. */
final class LockLimitsTest {

  @TempDir private Path directory;
  private TestServer server;

  @BeforeEach
  void startServer() throws IOException {
    server =
        TestServer.start(
            TestServer.config(directory).with(Settings.MAX_LOCKS, 2), Environment.real());
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void soManyLocksAreHeldAndARestartForgetsNone() throws IOException {
    Lock first = lock("first");
    lock("second");
    assertRefused("third");

    server.close();
    startServer();
    assertRefused("third");
    var _ =
        server
            .locks()
            .releaseLock(
                ReleaseLockRequest.newBuilder()
                    .setLockId(first.getLockId())
                    .setOwner(first.getOwner())
                    .setFencingToken(first.getFencingToken())
                    .build());
    lock("third");
    assertRefused("fourth");
  }

  @Test
  void switchesNeedNoRoom() throws IOException {
    lock("first");
    lock("second");

    assertThat(server.switchTo(server.built("main")).getSuccess()).isTrue();
    assertThat(server.switchTo(server.built("main")).getSuccess()).isTrue();

    assertRefused("third");
  }

  private void assertRefused(String branch) {
    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> lock(branch));
    assertThat(refused.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(TestServer.reason(refused)).isEqualTo("TOO_MANY_LOCKS");
    assertThat(TestServer.errorInfo(refused).getMetadataMap()).containsEntry("limit", "2");
    assertThat(TestServer.detail(refused, RetryInfo.class).getRetryDelay().getSeconds())
        .isPositive();
  }

  private Lock lock(String branch) {
    return server
        .locks()
        .acquireLock(
            AcquireLockRequest.newBuilder()
                .setBranchName(branch)
                .setScope(Lock.Scope.BRANCH)
                .setOwner("somebody")
                .setTtlSeconds(60)
                .build())
        .getLock();
  }
}
