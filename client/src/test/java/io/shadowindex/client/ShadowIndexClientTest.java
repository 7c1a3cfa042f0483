package io.shadowindex.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ErrorReason;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListIndexesRequest;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShadowIndexClientTest {

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
  void aRefusalTellsReasonAndIds() {
    String first = start();
    ShadowIndexException refusal =
        refusal(() -> server.client().startBuild(RunningServer.search("main")));
    assertThat(refusal).isInstanceOf(ShadowIndexException.FailedPrecondition.class);
    assertThat(refusal.code()).isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(refusal.reason()).isEqualTo(ErrorReason.Enum.BUILD_ALREADY_EXISTS);
    assertThat(refusal.metadata()).containsEntry("shadow_index_id", first);
    assertThat(refusal).hasMessageContaining(first);
  }

  @Test
  void anUnknownBuildIsNotFound() {
    ShadowIndexException refusal =
        refusal(() -> server.get("00000000-0000-4000-8000-000000000000"));
    assertThat(refusal).isInstanceOf(ShadowIndexException.NotFound.class);
    assertThat(refusal.reason()).isEqualTo(ErrorReason.Enum.SHADOW_INDEX_NOT_FOUND);
  }

  @Test
  void aServerThatIsNotThereIsUnavailableAtOnceForNoDocumentedReason() throws IOException {
    String address = "127.0.0.1:" + freePort();
    try (ShadowIndexClient nobody = ShadowIndexClient.connect(address)) {
      ShadowIndexException refusal =
          refusal(() -> nobody.listIndexes(ListIndexesRequest.getDefaultInstance()));
      assertThat(refusal)
          .isInstanceOf(ShadowIndexException.Unavailable.class)
          .hasMessage("No server answers at " + address + ".");
      assertThat(refusal.reason()).isEqualTo(ErrorReason.Enum.ERROR_REASON_UNSPECIFIED);
      assertThat(refusal.metadata()).isEmpty();
    }
  }

  @Test
  void anIndexIsKnownFromItsFirstBuildOn() {
    String id = start();
    GetIndexRequest request =
        GetIndexRequest.newBuilder()
            .setBranchName("main")
            .setIndexType(IndexType.Enum.SEARCH_INDEX)
            .build();
    assertThat(server.client().getIndex(request).getIndex().getLiveBuild().getShadowIndexId())
        .isEqualTo(id);
    assertThat(
            server.client().listIndexes(ListIndexesRequest.getDefaultInstance()).getIndexesList())
        .hasSize(1);
  }

  @Test
  void aWatchEndsWithTheBuild() {
    String id = start();
    try (BuildWatch watch = watch(id)) {
      assertThat(watch.next().getSnapshot().getState()).isEqualTo(State.BUILDING);
      server.client().cancelBuild(CancelBuildRequest.newBuilder().setShadowIndexId(id).build());
      assertThat(watch.next().getStateChange().getState()).isEqualTo(State.CANCELLED);
      assertThat(watch.hasNext()).isFalse();
    }
  }

  @Test
  void aWatchSurvivesARestartOfTheServerAndMissesNothing() throws IOException {
    String id = start();
    try (BuildWatch watch = watch(id)) {
      assertThat(watch.next().hasSnapshot()).isTrue();
      server.restart();
      server.client().cancelBuild(CancelBuildRequest.newBuilder().setShadowIndexId(id).build());

      WatchBuildResponse message = watch.next();
      while (!message.hasStateChange()) {
        assertThat(message.hasSnapshot()).isFalse();
        message = watch.next();
      }
      assertThat(message.getStateChange().getState()).isEqualTo(State.CANCELLED);
      assertThat(watch.hasNext()).isFalse();
    }
  }

  @Test
  void closingAWatchWakesItsReader() {
    BuildWatch watch = watch(start());
    watch.next();
    CompletableFuture<Boolean> reading = CompletableFuture.supplyAsync(watch::hasNext);
    watch.close();
    await().until(reading::isDone);
    assertThatThrownBy(reading::join).hasCauseInstanceOf(ShadowIndexException.Cancelled.class);
  }

  private String start() {
    return server.client().startBuild(RunningServer.search("main")).getShadowIndexId();
  }

  private BuildWatch watch(String id) {
    return server.client().watchBuild(WatchBuildRequest.newBuilder().setShadowIndexId(id).build());
  }

  private static ShadowIndexException refusal(ThrowingCallable call) {
    return assertThatExceptionOfType(ShadowIndexException.class).isThrownBy(call).actual();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
