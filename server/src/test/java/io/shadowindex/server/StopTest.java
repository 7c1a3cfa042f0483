package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchLocksRequest;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stop waits for what is under way, and not for clients that do not read. */
final class StopTest {

  /** Far less than it gives to calls under way. */
  private static final Duration SOON = Duration.ofSeconds(20);

  private final CountDownLatch switching = new CountDownLatch(1);
  private final CompletableFuture<Void> goOn = new CompletableFuture<>();

  private TestServer server;

  /** A connection on which little is sent that is not read. */
  private ManagedChannel channel;

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    ServerConfig config = TestServer.config(directory).with(Settings.DRAIN, Duration.ofMinutes(5));
    SwitchStep.Observer stage =
        AtStep.run(
            SwitchStep.STAGE,
            () -> {
              switching.countDown();
              goOn.join();
            });
    server =
        TestServer.start(
            config, new Environment(InstantSource.system(), FileOperations.real(), stage));
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.server().port())
            .usePlaintext()
            .flowControlWindow(64 << 10)
            .build();
  }

  @AfterEach
  void stopServer() {
    goOn.complete(null);
    channel.shutdownNow();
    server.close();
  }

  @Test
  void aWatchOfLocksThatIsNotReadDoesNotHoldAStopUp() throws Exception {
    var _ = watchLocks();

    assertThat(stop()).succeedsWithin(SOON);
  }

  @Test
  void aWatchOfBuildsThatIsNotReadDoesNotHoldAStopUp() throws Exception {
    for (int i = 0; i < 300; i++) {
      var _ = server.startBuild("branch-" + i);
    }
    var _ =
        new Watch<>(
            ShadowIndexServiceGrpc.getWatchBuildsMethod(), WatchBuildsRequest.getDefaultInstance());

    assertThat(stop()).succeedsWithin(SOON);
  }

  @Test
  void aWatchOfHealthWhichHasNoEndDoesNotHoldAStopUp() throws Exception {
    var _ = new Watch<>(HealthGrpc.getWatchMethod(), HealthCheckRequest.getDefaultInstance());

    assertThat(stop()).succeedsWithin(SOON);
  }

  @Test
  void whoReadsOnlyThenIsToldAllTheSame() throws Exception {
    Watch<?, ?> watch = watchLocks();

    CompletableFuture<Void> stopped = stop();
    watch.call.request(Integer.MAX_VALUE);

    assertThat(TestServer.reason(watch.ended.get(20, TimeUnit.SECONDS)))
        .isEqualTo("SERVER_DRAINING");
    assertThat(stopped).succeedsWithin(SOON);
  }

  @Test
  void aCallUnderWayIsWaitedForForLongerThanReaders() throws Exception {
    var _ = watchLocks();
    ShadowIndex build = server.built("main");
    CompletableFuture<SwitchIndexResponse> switched =
        CompletableFuture.supplyAsync(() -> server.switchTo(build), Thread::startVirtualThread);
    switching.await();

    CompletableFuture<Void> stopped = stop();
    await().during(Duration.ofSeconds(4)).until(() -> !stopped.isDone());
    goOn.complete(null);

    assertThat(switched.get(20, TimeUnit.SECONDS).getSuccess()).isTrue();
    assertThat(stopped).succeedsWithin(SOON);
  }

  /** Has the server stop, which has begun when this returns. */
  private CompletableFuture<Void> stop() {
    CompletableFuture<Void> stopped =
        CompletableFuture.runAsync(server.server()::close, Thread::startVirtualThread);
    await().pollInterval(Duration.ofMillis(10)).until(() -> !listens());
    return stopped;
  }

  private boolean listens() throws IOException {
    try (var _ = new Socket(InetAddress.getLoopbackAddress(), server.server().port())) {
      return true;
    } catch (ConnectException e) {
      return false;
    }
  }

  /** A watch that has more to tell than is sent without being read. */
  private Watch<?, ?> watchLocks() throws InterruptedException {
    for (int i = 0; i < 500; i++) {
      var _ =
          server
              .locks()
              .acquireLock(
                  AcquireLockRequest.newBuilder()
                      .setBranchName("locked")
                      .setScope(Lock.Scope.BRANCH)
                      .setLockType(Lock.Type.MANUAL)
                      .setMode(Lock.Mode.SHARED)
                      .setOwner("owner-" + i)
                      .setReason("x".repeat(1000))
                      .setTtlSeconds(600)
                      .build());
    }
    return new Watch<>(
        LockServiceGrpc.getWatchLocksMethod(), WatchLocksRequest.getDefaultInstance());
  }

  /** A watch of which one message has been read. */
  private final class Watch<Q, A> {

    private final ClientCall<Q, A> call;
    private final CompletableFuture<StatusRuntimeException> ended = new CompletableFuture<>();

    Watch(MethodDescriptor<Q, A> method, Q request) throws InterruptedException {
      this.call = channel.newCall(method, CallOptions.DEFAULT);
      var read = new CountDownLatch(1);
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onMessage(A message) {
              read.countDown();
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
              ended.complete(status.asRuntimeException(trailers));
            }
          },
          new Metadata());
      call.sendMessage(request);
      call.halfClose();
      call.request(1);
      read.await();
    }
  }
}
