package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.google.rpc.RetryInfo;
import io.grpc.MethodDescriptor;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.testing.RawClient;
import io.shadowindex.server.testing.RawClient.Begun;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.server.testing.WorkerStream;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What has come of messages counts before they are whole, and no longer than there is a use. */
final class RequestBytesTest {

  /** Nearly all that there may be. */
  private static final int PART = 1_040_000;

  /** More than there may be beside that. */
  private static final int REST = 10_000;

  @TempDir private Path directory;
  private TestServer server;

  @BeforeEach
  void startServer() throws IOException {
    start(Duration.ofMinutes(1));
  }

  private void start(Duration opening) throws IOException {
    ServerConfig config =
        TestServer.config(directory)
            .with(Settings.MAX_REQUEST_BYTES, 1 << 20)
            .with(Settings.STREAM_OPENING, opening);
    server = TestServer.start(config, Environment.real());
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  static Stream<MethodDescriptor<?, ?>> methods() {
    return Stream.of(
        ShadowIndexServiceGrpc.getGetShadowIndexMethod(),
        ShadowIndexServiceGrpc.getWatchBuildMethod(),
        ShadowIndexServiceGrpc.getStreamProgressMethod());
  }

  /** What everybody may call. */
  static Stream<MethodDescriptor<?, ?>> openMethods() {
    return Stream.of(
        HealthGrpc.getCheckMethod(),
        HealthGrpc.getWatchMethod(),
        ServerReflectionGrpc.getServerReflectionInfoMethod());
  }

  @ParameterizedTest
  @MethodSource("methods")
  void partsOfMessagesThatAreTooLargeTogetherAreRefused(MethodDescriptor<?, ?> method)
      throws Exception {
    try (var client = new RawClient(server.server().port())) {
      List<Begun> calls = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        calls.add(client.begin(method, PART));
      }

      await().until(() -> calls.stream().filter(call -> call.ended().isDone()).count() >= 7);

      for (Begun call : calls) {
        if (call.ended().isDone()) {
          StatusRuntimeException refused = call.ended().get();
          assertThat(refused.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
          assertThat(TestServer.errorInfo(refused).getMetadataMap())
              .containsEntry("scope", "request_bytes");
          assertThat(TestServer.detail(refused, RetryInfo.class).hasRetryDelay()).isTrue();
        }
      }
    }
    await().until(this::isRoom);
  }

  @ParameterizedTest
  @MethodSource("methods")
  void whatHasComeIsForgottenWhenItsCallEnds(MethodDescriptor<?, ?> method) throws Exception {
    try (var client = new RawClient(server.server().port())) {
      Begun cancelled = client.begin(method, PART);
      await().until(() -> !isRoom());
      cancelled.cancel();
      await().until(this::isRoom);

      var _ = client.begin(method, PART);
      await().until(() -> !isRoom());
    } // closes its connection
    await().until(this::isRoom);
  }

  @ParameterizedTest
  @MethodSource("openMethods")
  void whatEverybodyMayCallTakesNoRoomFromOthers(MethodDescriptor<?, ?> method) throws Exception {
    try (var client = new RawClient(server.server().port())) {
      Begun large = client.begin(method, PART);
      assertThat(large.ended().get(20, TimeUnit.SECONDS).getStatus().getCode())
          .isEqualTo(Code.RESOURCE_EXHAUSTED);

      var full = client.begin(ShadowIndexServiceGrpc.getGetShadowIndexMethod(), PART);
      await().until(() -> !isRoom());
      var small = client.begin(method, 4_000);
      full.cancel();
      await().until(this::isRoom);
      assertThat(small.ended()).isNotDone();
    }
  }

  @Test
  void aMessageThatHasBegunOnAStreamOfManyIsToBeWholeInTime() throws Exception {
    server.close();
    start(Duration.ofSeconds(1));
    try (var client = new RawClient(server.server().port())) {
      Begun stream = client.begin(ServerReflectionGrpc.getServerReflectionInfoMethod(), 1_000);

      assertThat(TestServer.reason(stream.ended().get(20, TimeUnit.SECONDS)))
          .isEqualTo("REQUEST_INCOMPLETE");
    }
  }

  @Test
  void whatHasComeIsForgottenWhenItsCallIsOverdue() throws Exception {
    server.close();
    start(Duration.ofSeconds(3));
    try (var client = new RawClient(server.server().port())) {
      Begun call = client.begin(ShadowIndexServiceGrpc.getGetShadowIndexMethod(), PART);
      await().until(() -> !isRoom());

      assertThat(TestServer.reason(call.ended().get(20, TimeUnit.SECONDS)))
          .isEqualTo("REQUEST_INCOMPLETE");
      await().until(this::isRoom);
    }
  }

  @Test
  void whetherTheServerIsWellIsToldWhereThereIsNoRoom() throws Exception {
    try (var client = new RawClient(server.server().port())) {
      var _ = client.begin(ShadowIndexServiceGrpc.getStreamProgressMethod(), (1 << 20) - 1);
      await().until(() -> !isRoom());

      var service =
          HealthCheckRequest.newBuilder().setService(LockServiceGrpc.SERVICE_NAME).build();
      assertThat(HealthGrpc.newBlockingStub(server.channel()).check(service).getStatus())
          .isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void reportsThatHaveBeenTakenAreNotCounted() {
    var reports = new WorkerStream(server, server.startBuild("main"), "");
    for (int i = 1; i <= 5; i++) {
      reports.send(reports.reportOf(i, i).setUnknownFields(unknown(PART)));
      assertThat(reports.counted(i).getCountedReports()).isEqualTo(i);
    }
    assertThat(isRoom()).isTrue();
  }

  private boolean isRoom() {
    var request =
        GetShadowIndexRequest.newBuilder()
            .setShadowIndexId(UUID.randomUUID().toString())
            .setUnknownFields(unknown(REST))
            .build();
    StatusRuntimeException refused =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> server.stub().getShadowIndex(request));
    return refused.getStatus().getCode() == Code.NOT_FOUND;
  }

  /** What this version of the contract does not know. */
  private static UnknownFieldSet unknown(int bytes) {
    var field =
        UnknownFieldSet.Field.newBuilder()
            .addLengthDelimited(ByteString.copyFrom(new byte[bytes]))
            .build();
    return UnknownFieldSet.newBuilder().addField(1000, field).build();
  }
}
