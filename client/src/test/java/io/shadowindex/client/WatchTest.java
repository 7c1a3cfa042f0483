package io.shadowindex.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import io.shadowindex.v1.WatchLocksRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WatchTest {

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
  void theWatchOfAllBuildsResumesWithoutTellingThemAgain() throws IOException {
    String id = start("main");
    String other = start("other");
    try (BuildsWatch watch = server.client().watchBuilds(WatchBuildsRequest.getDefaultInstance())) {
      assertThat(watch.next().getShadowIndexId()).isEqualTo(id);
      assertThat(watch.next().getShadowIndexId()).isEqualTo(other);
      assertThat(watch.next().getEvent().hasHeartbeat()).isTrue();
      server.restart();
      cancel(other);
      WatchBuildsResponse message = watch.next();
      while (!message.getEvent().hasStateChange()) {
        assertThat(message.getEvent().hasSnapshot()).isFalse();
        message = watch.next();
      }
      assertThat(message.getShadowIndexId()).isEqualTo(other);
      assertThat(message.getEvent().getStateChange().getState()).isEqualTo(State.CANCELLED);
    }
  }

  @Test
  void aCutAmidABatchLosesNothingAndRepeatsNothing() throws IOException {
    String id = start("main");
    for (int i = 0; i < 60; i++) {
      server
          .client()
          .failBuild(
              FailBuildRequest.newBuilder().setShadowIndexId(id).setErrorMessage("failed").build());
      server.client().retryBuild(RetryBuildRequest.newBuilder().setShadowIndexId(id).build());
    }
    var told = new ArrayList<Long>();
    try (BuildsWatch watch =
        server.client().watchBuilds(WatchBuildsRequest.newBuilder().setFromRevision(0).build())) {
      while (told.size() < 10) {
        told.add(watch.next().getEvent().getRevision());
      }
      server.restart();
      cancel(id);
      WatchBuildsResponse message;
      do {
        message = watch.next();
        assertThat(message.getFurtherCount()).isZero();
        if (message.getEvent().hasStateChange() || message.getEvent().hasNotice()) {
          told.add(message.getEvent().getRevision());
        }
      } while (message.getEvent().getStateChange().getState() != State.CANCELLED);
    }
    assertThat(told)
        .hasSizeGreaterThan(120)
        .isEqualTo(LongStream.rangeClosed(1, told.size()).boxed().toList());
  }

  @Test
  void theWatchOfLocksBeginsAnewWithThoseThatAreHeld() throws IOException {
    server
        .client()
        .acquireLock(
            AcquireLockRequest.newBuilder()
                .setBranchName("main")
                .setScope(Lock.Scope.BRANCH)
                .setOwner("alice")
                .setReason("maintenance")
                .setTtlSeconds(60)
                .build());
    try (LocksWatch watch = server.client().watchLocks(WatchLocksRequest.getDefaultInstance())) {
      assertThat(watch.next().getSnapshot().getLocksList()).hasSize(1);
      server.restart();
      assertThat(watch.next().getSnapshot().getLocks(0).getOwner()).isEqualTo("alice");
    }
  }

  @Test
  void aProgramThatIsRestartedGoesOnAfterTheRevisionItKept() {
    String id = start("main");
    long kept;
    try (BuildWatch watch = watch(WatchBuildRequest.newBuilder().setShadowIndexId(id))) {
      kept = watch.next().getRevision();
    }
    cancel(id);
    try (BuildWatch watch =
        watch(WatchBuildRequest.newBuilder().setShadowIndexId(id).setFromRevision(kept))) {
      assertThat(watch.next().getStateChange().getState()).isEqualTo(State.CANCELLED);
      assertThat(watch.hasNext()).isFalse();
    }
  }

  @Test
  void aRevisionThatTheLogDoesNotHaveIsTheCallersToDecideOn() {
    String id = start("main");
    try (BuildWatch watch =
        watch(WatchBuildRequest.newBuilder().setShadowIndexId(id).setFromRevision(1_000_000))) {
      assertThatExceptionOfType(ShadowIndexException.RevisionOutOfRange.class)
          .isThrownBy(watch::hasNext);
    }
  }

  @Test
  void aWatchThatWasClosedSaysSoAlsoWhileTheServerIsAway() {
    BuildWatch watch = watch(WatchBuildRequest.newBuilder().setShadowIndexId(start("main")));
    watch.next();
    server.stop();
    watch.close();
    assertThatExceptionOfType(ShadowIndexException.Cancelled.class).isThrownBy(watch::hasNext);
  }

  private String start(String branch) {
    return server.client().startBuild(RunningServer.search(branch)).getShadowIndexId();
  }

  private void cancel(String id) {
    server.client().cancelBuild(CancelBuildRequest.newBuilder().setShadowIndexId(id).build());
  }

  private BuildWatch watch(WatchBuildRequest.Builder request) {
    return server.client().watchBuild(request.build());
  }
}
