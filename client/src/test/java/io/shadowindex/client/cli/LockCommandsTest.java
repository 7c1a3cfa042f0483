package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.shadowindex.client.ShadowIndexException;
import io.shadowindex.client.WriteGuard;
import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.ErrorReason;
import io.shadowindex.v1.ListLocksRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ReleaseLockRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on locks, the scenario and the write guard, against a real server. */
final class LockCommandsTest {

  @TempDir private Path directory;
  private RunningServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = RunningServer.start(directory);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aLockKeepsOthersOutUntilItIsReleasedTypeByType() {
    ShadowCtlRun locked =
        run("lock --branch main --resource-type a,b --owner alice --for indexing --ttl 60");
    assertThat(locked.exit()).isZero();
    String id = locked.value("lock id");
    String token = locked.value("token");

    ShadowCtlRun refused = run("can-write --branch main --resource-type a");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.out()).contains("no: cannot write a", "alice", "- Ask alice");
    assertThat(run("locks --branch main").out()).contains(id, "alice", "a, b in main", "1 held");

    String unlock = "unlock %s --owner alice --token %s".formatted(id, token);
    assertThat(run(unlock + " --resource-type a").out()).contains("still locked: b in main");
    assertThat(run("can-write --branch main --resource-type a").out().strip()).isEqualTo("yes");
    assertThat(run(unlock).exit()).isZero();
    assertThat(run("can-write --branch main").exit()).isZero();
  }

  @Test
  void locksAreListedHoweverManyPagesTheyFill() {
    var request =
        AcquireLockRequest.newBuilder()
            .setBranchName("main")
            .setScope(Lock.Scope.BRANCH)
            .setMode(Lock.Mode.SHARED)
            .setOwner("reader")
            .setTtlSeconds(60)
            .build();
    Lock first = server.client().acquireLock(request).getLock();
    for (int i = 0; i < 250; i++) {
      var _ = server.client().acquireLock(request);
    }

    assertThat(run("locks").out()).contains("251 held").containsOnlyOnce(first.getLockId());
    var page = server.client().listLocks(ListLocksRequest.newBuilder().setPageSize(250).build());
    assertThat(page.getLocksCount()).isEqualTo(250);
    assertThat(page.getNextPageToken()).isNotEmpty();
  }

  @Test
  void onlyItsOwnerOrForceReleasesALock() {
    ShadowCtlRun locked = run("lock --branch main --owner alice");
    String id = locked.value("lock id");

    assertThat(run("unlock " + id + " --owner bob --token " + locked.value("token")).err())
        .contains("belongs to alice");
    assertThat(run("unlock " + id + " --owner root --force").err()).contains("reason");
    assertThat(run("unlock " + id + " --owner root --force --reason holiday").exit()).isZero();
    assertThat(run("locks --ended").out()).contains("FORCE_RELEASED", "by root", "holiday");
    assertThat(run("unlock " + id + " --owner alice").exit()).isEqualTo(3);
  }

  @Test
  void theThreeWaysAreComparedSideBySide() {
    ShadowCtlRun compared = run("scenario --developers 3 --rebuilds 1 --seconds 1");

    assertThat(compared.exit()).isZero();
    assertThat(compared.out())
        .contains("28800 times as fast", "3 developers", "blocked p50", "writable")
        .contains("branch frozen", "resource types frozen", "shadow and switch");
  }

  @Test
  void aGuardHoldsALeaseAroundAWriteAndNoLonger() {
    try (var write = write()) {
      write.requireHeld();
      assertThat(run("locks").out()).contains("SHARED", "writer");
    }
    assertThat(run("locks").out()).contains("0 held");
  }

  @Test
  void anInterruptDuringAWriteIsNoFailureOfTheWrite() {
    try (var _ = write()) {
      Thread.currentThread().interrupt();
    }
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void aGuardWhoseLeaseIsGoneSaysSoBeforeTheWrite() {
    try (var write = write()) {
      Lock lease = server.client().listLocks(ListLocksRequest.getDefaultInstance()).getLocks(0);
      var _ =
          server
              .client()
              .releaseLock(
                  ReleaseLockRequest.newBuilder()
                      .setLockId(lease.getLockId())
                      .setOwner("root")
                      .setForceRelease(true)
                      .setReason("test")
                      .build());

      var lost = catchThrowableOfType(ShadowIndexException.Conflict.class, write::requireHeld);
      assertThat(lost.reason()).isEqualTo(ErrorReason.Enum.LEASE_LOST);
    }
  }

  private WriteGuard.Write write() {
    return new WriteGuard(server.client(), "writer", Duration.ZERO).write("main", "object_type");
  }

  private ShadowCtlRun run(String line) {
    return ShadowCtlRun.of((line + " --server " + server.address()).split(" "));
  }
}
