package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.shadowindex.server.testing.RecordedStream;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** What somebody sees who watches a build. */
final class WatchTest {

  private TestServer server;

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    server = TestServer.start(directory);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aWatchTellsTheWholeLifeOfABuildInOrderAndEndsWithIt() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var watch = new RecordedStream<WatchBuildResponse>();
    ShadowIndexServiceGrpc.newStub(server.channel()).watchBuild(request(build), watch);
    await().until(() -> watch.values().size() == 1);
    server.report(build, 40, 0);
    await().until(() -> watch.values().size() == 2);
    TestServer.write(build, "segment", "x");
    server.switchTo(server.complete(build, 1));

    assertThat(watch.ends()).isTrue();

    assertThat(watch.error()).isNull();
    List<WatchBuildResponse> seen = watch.values();
    assertThat(seen.getFirst().getSnapshot().getState()).isEqualTo(State.BUILDING);
    assertThat(seen.get(1).getProgress().getBuildProgressPercent()).isEqualTo(40);
    assertThat(states(seen)).containsExactly(State.BUILT, State.SWITCHING, State.ACTIVE);
    assertThat(seen).extracting(WatchBuildResponse::getRevision).isSorted();
  }

  @Test
  void aWatchOfABuildThatHasEndedIsItsSnapshot() {
    ShadowIndex build = server.startBuild("main");
    var _ = server.cancel(build);

    Iterator<WatchBuildResponse> watch = server.stub().watchBuild(request(build));

    assertThat(watch.next().getSnapshot().getState()).isEqualTo(State.CANCELLED);
    assertThat(watch.hasNext()).isFalse();
  }

  @Test
  void aFailureEndsTheWatchWithItsMessage() {
    ShadowIndex build = server.startBuild("main");
    Iterator<WatchBuildResponse> watch = server.stub().watchBuild(request(build));
    assertThat(watch.next().hasSnapshot()).isTrue();

    var _ =
        server
            .stub()
            .failBuild(
                FailBuildRequest.newBuilder()
                    .setShadowIndexId(build.getShadowIndexId())
                    .setErrorMessage("out of memory")
                    .build());

    WatchBuildResponse.StateChange change = watch.next().getStateChange();
    assertThat(change.getState()).isEqualTo(State.FAILED);
    assertThat(change.getPreviousState()).isEqualTo(State.BUILDING);
    assertThat(change.getMessage()).isEqualTo("out of memory");
    assertThat(watch.hasNext()).isFalse();
  }

  @Test
  void aReaderThatStopsReadingGetsTheNewestProgressAndEveryStateChange() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var slow = new PausedReader();
    ManagedChannel smallWindow =
        NettyChannelBuilder.forAddress("127.0.0.1", server.server().port())
            .usePlaintext()
            .flowControlWindow(65_535)
            .build();
    ShadowIndexServiceGrpc.newStub(smallWindow).watchBuild(request(build), slow);
    slow.read(1);
    await().until(() -> slow.seen.size() == 1);

    for (int i = 0; i < 20_000; i++) {
      server.report(build, i / 200, i);
    }
    server.report(build, 100, 20_000);
    TestServer.write(build, "segment", "x");
    server.switchTo(server.complete(build, 1));
    slow.read(Integer.MAX_VALUE);

    assertThat(slow.ended.await(10, TimeUnit.SECONDS)).isTrue();
    List<WatchBuildResponse> seen = List.copyOf(slow.seen);
    assertThat(states(seen)).containsExactly(State.BUILT, State.SWITCHING, State.ACTIVE);
    assertThat(seen.size()).isLessThan(8_000);
    smallWindow.shutdownNow();
  }

  @Test
  void aWatchEndsWithUnavailableWhenTheServerStops() {
    ShadowIndex build = server.startBuild("main");
    Iterator<WatchBuildResponse> watch = server.stub().watchBuild(request(build));
    watch.next();

    server.server().close();

    var ended = catchThrowableOfType(StatusRuntimeException.class, watch::hasNext);
    assertThat(ended.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(TestServer.reason(ended)).isEqualTo("SERVER_DRAINING");
  }

  @Test
  void manyWatchersSeeTheSame() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var watches = new ConcurrentLinkedQueue<RecordedStream<WatchBuildResponse>>();
    for (int i = 0; i < 90; i++) {
      var watch = new RecordedStream<WatchBuildResponse>();
      watches.add(watch);
      ShadowIndexServiceGrpc.newStub(server.channel()).watchBuild(request(build), watch);
    }
    await().until(() -> watches.stream().allMatch(watch -> watch.values().size() == 1));
    var _ = server.cancel(build);

    for (var watch : watches) {
      assertThat(watch.ends()).isTrue();
      assertThat(states(watch.values())).containsExactly(State.CANCELLED);
    }
  }

  private static List<State> states(List<WatchBuildResponse> seen) {
    return seen.stream()
        .filter(WatchBuildResponse::hasStateChange)
        .map(response -> response.getStateChange().getState())
        .toList();
  }

  @Test
  void watchesThatAreCutWhileTheServerClosesLeaveNothingInItsLog(@TempDir Path directory)
      throws Exception {
    var logged = new ListAppender<ILoggingEvent>();
    var root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    SLF4JBridgeHandler.install();
    root.addAppender(logged);
    logged.start();
    try {
      for (int round = 0; round < 10; round++) {
        TestServer closed = TestServer.start(directory);
        ShadowIndex build = closed.startBuild("main-" + round);
        var watches = new ArrayList<RecordedStream<WatchBuildResponse>>();
        for (int i = 0; i < 90; i++) {
          var watch = new RecordedStream<WatchBuildResponse>();
          ShadowIndexServiceGrpc.newStub(closed.channel()).watchBuild(request(build), watch);
          watches.add(watch);
        }
        await().until(() -> watches.stream().noneMatch(watch -> watch.values().isEmpty()));
        closed.close(); // cuts its channel first
      }
    } finally {
      root.detachAppender(logged);
      SLF4JBridgeHandler.uninstall();
    }

    assertThat(List.copyOf(logged.list))
        .extracting(ILoggingEvent::getThrowableProxy)
        .filteredOn(Objects::nonNull)
        .extracting(IThrowableProxy::getClassName)
        .doesNotContain(RejectedExecutionException.class.getName());
  }

  private static WatchBuildRequest request(ShadowIndex build) {
    return WatchBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build();
  }

  /** A client that takes messages only when told to, so that the transport fills up behind it. */
  private static final class PausedReader
      implements ClientResponseObserver<WatchBuildRequest, WatchBuildResponse> {

    final ConcurrentLinkedQueue<WatchBuildResponse> seen = new ConcurrentLinkedQueue<>();
    final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<@Nullable ClientCallStreamObserver<WatchBuildRequest>> call =
        new AtomicReference<>();

    @Override
    public void beforeStart(ClientCallStreamObserver<WatchBuildRequest> stream) {
      stream.disableAutoRequestWithInitial(0);
      call.set(stream);
    }

    void read(int messages) {
      await().until(() -> call.get() != null);
      java.util.Objects.requireNonNull(call.get()).request(messages);
    }

    @Override
    public void onNext(WatchBuildResponse response) {
      seen.add(response);
    }

    @Override
    public void onError(Throwable error) {
      ended.countDown();
    }

    @Override
    public void onCompleted() {
      ended.countDown();
    }
  }
}
