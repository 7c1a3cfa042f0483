package io.shadowindex.server;

import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.rpc.RetryInfo;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.testing.RecordedStream;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AcquireLockResponse;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.GetShadowIndexResponse;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.WatchBuildRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** What is too much is refused at once, and does not keep others from their answers. */
final class FloodTest {

  private static final int CONNECTIONS = Integer.getInteger("shadowindex.flood.connections", 64);
  private static final int CALLS = Integer.getInteger("shadowindex.flood.calls", 300);
  private static final Duration P99 = Duration.ofMillis(100);

  @TempDir private Path directory;

  /** Not yet kept: calls of all connections stand in one queue, so that floods delay others. */
  @Test
  @EnabledIfSystemProperty(named = "shadowindex.flood", matches = "true")
  void aWellBehavedClientIsAnsweredUnderSixtyFourThatFlood() throws Exception {
    try (TestServer server = TestServer.start(directory)) {
      ShadowIndex build = server.startBuild("main");
      var flooding = new AtomicBoolean(true);
      var flooded = new LongAdder();
      List<ManagedChannel> channels = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        ManagedChannel channel =
            NettyChannelBuilder.forAddress("127.0.0.1", server.server().port())
                .usePlaintext()
                .directExecutor()
                .build();
        channels.add(channel);
        for (int j = 0; j < 10; j++) {
          flood(channel, build, flooding, flooded);
        }
      }
      await().until(() -> flooded.sum() > 10L * CONNECTIONS);
      long[] nanos = new long[CALLS];
      long began = System.nanoTime();
      for (int i = 0; i < CALLS; i++) {
        long start = System.nanoTime();
        var _ = server.get(build);
        nanos[i] = System.nanoTime() - start;
      }
      long seconds = Math.max(1, NANOSECONDS.toSeconds(System.nanoTime() - began));
      flooding.set(false);
      channels.forEach(ManagedChannel::shutdownNow);
      Arrays.sort(nanos);
      Duration p99 = Duration.ofNanos(nanos[CALLS * 99 / 100]);
      System.out.printf(
          "%d flooding connections, %d answers to them in a second; well-behaved: p50 %.1f ms, p99"
              + " %.1f ms of %d calls%n",
          CONNECTIONS, flooded.sum() / seconds, nanos[CALLS / 2] / 1e6, p99.toNanos() / 1e6, CALLS);

      assertThat(p99).isLessThan(P99);
    }
  }

  @Test
  void callsBeyondWhatMayWaitForALockAreRefusedWithATimeToComeBack() throws Exception {
    ServerConfig config = TestServer.config(directory).with(Settings.MAX_LOCK_WAITS, 1);
    try (TestServer server = TestServer.start(config, Environment.real())) {
      var held = server.locks().acquireLock(lock("holder", 0));
      var waiting = new RecordedStream<AcquireLockResponse>();
      LockServiceGrpc.newStub(server.channel()).acquireLock(lock("first", 60), waiting);
      await()
          .untilAsserted(
              () -> {
                var refused = refused(server, lock("second", 60));
                assertThat(refused.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
                assertThat(TestServer.reason(refused)).isEqualTo("TOO_MANY_CALLS");
                assertThat(TestServer.detail(refused, RetryInfo.class).hasRetryDelay()).isTrue();
              });
      assertThat(TestServer.reason(refused(server, lock("third", 0)))).isEqualTo("LOCK_HELD");
      assertThat(held.hasLock()).isTrue();
    }
  }

  @Test
  void aConnectionWhoseCallsAreBrokenOffWithoutEndIsClosed() throws Exception {
    ServerConfig config = TestServer.config(directory).with(Settings.MAX_RESETS, 50);
    try (TestServer server = TestServer.start(config, Environment.real())) {
      ShadowIndex build = server.startBuild("main");
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", server.server().port())
              .usePlaintext()
              .build();
      var closed = new AtomicBoolean();
      try {
        watchOnce(channel, build);
        channel.notifyWhenStateChanged(ConnectivityState.READY, () -> closed.set(true));
        await()
            .pollInterval(Duration.ofMillis(1))
            .until(
                () -> {
                  watchOnce(channel, build);
                  return closed.get();
                });
      } finally {
        channel.shutdownNow();
      }
      assertThat(server.get(build).getShadowIndexId()).isEqualTo(build.getShadowIndexId());
    }
  }

  /** Calls again as soon as there is an answer of whatever kind. */
  private static void flood(
      ManagedChannel channel, ShadowIndex build, AtomicBoolean flooding, LongAdder answers) {
    ClientCall<GetShadowIndexRequest, GetShadowIndexResponse> call =
        channel.newCall(ShadowIndexServiceGrpc.getGetShadowIndexMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            answers.increment();
            if (flooding.get()) {
              flood(channel, build, flooding, answers);
            }
          }
        },
        new Metadata());
    call.request(2);
    call.sendMessage(request(build));
    call.halfClose();
  }

  /** Begins a watch and breaks it off; or finds the connection closed, which its state tells. */
  private static void watchOnce(ManagedChannel channel, ShadowIndex build) {
    var watch =
        ShadowIndexServiceGrpc.newBlockingV2Stub(channel)
            .watchBuild(
                WatchBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build());
    try {
      assertThat(watch.read()).isNotNull();
      watch.cancel("broken off", null);
    } catch (StatusException | InterruptedException e) {
      assertThat(Status.fromThrowable(e).getCode()).isIn(Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED);
    }
  }

  private static GetShadowIndexRequest request(ShadowIndex build) {
    return GetShadowIndexRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build();
  }

  private static StatusRuntimeException refused(TestServer server, AcquireLockRequest request) {
    return catchThrowableOfType(
        StatusRuntimeException.class, () -> server.locks().acquireLock(request));
  }

  private static AcquireLockRequest lock(String owner, int waitSeconds) {
    return AcquireLockRequest.newBuilder()
        .setBranchName("main")
        .addResourceTypes("object_type")
        .setScope(Lock.Scope.RESOURCE_TYPE)
        .setLockType(Lock.Type.MANUAL)
        .setOwner(owner)
        .setTtlSeconds(60)
        .setWaitSeconds(waitSeconds)
        .build();
  }
}
