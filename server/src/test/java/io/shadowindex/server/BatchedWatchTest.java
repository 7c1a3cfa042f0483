package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.shadowindex.server.testing.Batches;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Watches of many builds that ask for several events in one message. */
final class BatchedWatchTest {

  private static final int BATCH_BYTES = 64 << 10;

  /** More than an event with the longest message takes. */
  private static final int EVENT_BYTES = 5 << 10;

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
  void whatIsThereComesInBatchesAndInOrder() throws Exception {
    long newest = failAndRetry(50, "failed");

    List<WatchBuildsResponse> batches = read(server.stub(), after(0).setMaxBatch(30), newest);

    assertThat(revisions(batches)).isEqualTo(upTo(newest));
    assertThat(batches).allMatch(batch -> told(batch) <= 30);
    assertThat(told(batches.getFirst())).isEqualTo(30);
    assertThat(batches.stream().flatMap(batch -> batch.getFurtherList().stream()))
        .allMatch(further -> further.getFurtherCount() == 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void whoDoesNotAskForMoreGetsOneInAMessage(int size) throws Exception {
    long newest = failAndRetry(20, "failed");

    List<WatchBuildsResponse> messages = read(server.stub(), after(0).setMaxBatch(size), newest);

    assertThat(revisions(messages)).isEqualTo(upTo(newest));
    assertThat(messages).allMatch(message -> message.getFurtherCount() == 0);
  }

  @Test
  void aWatchResumesAfterAnyEntryOfABatch() throws Exception {
    long newest = failAndRetry(20, "failed");
    List<Long> all = upTo(newest);

    for (long revision : revisions(read(server.stub(), after(0).setMaxBatch(1000), newest - 1))) {
      List<WatchBuildsResponse> rest =
          read(server.stub(), after(revision).setMaxBatch(1000), newest);
      assertThat(revisions(rest)).isEqualTo(all.subList((int) revision, all.size()));
    }
  }

  @Test
  void whatHasPiledUpWhileNobodyReadComesInBatchesOfBoundedSize() {
    ManagedChannel smallWindow =
        NettyChannelBuilder.forAddress("127.0.0.1", server.server().port())
            .usePlaintext()
            .flowControlWindow(65_535)
            .build();
    Iterator<WatchBuildsResponse> watch =
        ShadowIndexServiceGrpc.newBlockingStub(smallWindow)
            .watchBuilds(after(0).setMaxBatch(1000).build());
    long newest = failAndRetry(100, "x".repeat(4096));

    List<WatchBuildsResponse> batches = read(watch, newest);

    assertThat(revisions(batches)).isEqualTo(upTo(newest));
    assertThat(batches)
        .allMatch(batch -> batch.getSerializedSize() < BATCH_BYTES + EVENT_BYTES)
        .anyMatch(batch -> batch.getSerializedSize() >= BATCH_BYTES);
    smallWindow.shutdownNow();
  }

  @Test
  void snapshotsComeInBatchesAndTheHeartbeatAfterThemEndsOne() {
    for (int i = 0; i < 110; i++) {
      server.startBuild("branch-" + i);
    }
    Iterator<WatchBuildsResponse> watch =
        server.stub().watchBuilds(WatchBuildsRequest.newBuilder().setMaxBatch(1000).build());
    var batches = new ArrayList<WatchBuildsResponse>();
    do {
      batches.add(watch.next());
    } while (!last(batches.getLast()).getEvent().hasHeartbeat());

    assertThat(batches).hasSizeLessThan(20);
    List<WatchBuildsResponse> messages = batches.stream().flatMap(Batches::singly).toList();
    assertThat(messages.subList(0, 110))
        .allMatch(message -> message.getEvent().hasSnapshot())
        .extracting(WatchBuildsResponse::getShadowIndexId)
        .doesNotHaveDuplicates();
    assertThat(messages).hasSize(111);
  }

  /** Lets a build fail so many times, and answers the newest revision of the log. */
  private long failAndRetry(int times, String message) {
    ShadowIndex build = server.startBuild("main");
    for (int i = 0; i < times; i++) {
      var _ =
          server
              .stub()
              .failBuild(
                  FailBuildRequest.newBuilder()
                      .setShadowIndexId(build.getShadowIndexId())
                      .setErrorMessage(message)
                      .build());
      build = server.retry(build);
    }
    return build.getRevision();
  }

  private static WatchBuildsRequest.Builder after(long revision) {
    return WatchBuildsRequest.newBuilder().setFromRevision(revision);
  }

  private static List<WatchBuildsResponse> read(
      ShadowIndexServiceBlockingStub stub, WatchBuildsRequest.Builder request, long newest)
      throws Exception {
    try (Context.CancellableContext call = Context.current().withCancellation()) {
      return call.call(() -> read(stub.watchBuilds(request.build()), newest));
    }
  }

  /** Reads until everything up to that revision is told. */
  private static List<WatchBuildsResponse> read(Iterator<WatchBuildsResponse> watch, long newest) {
    var batches = new ArrayList<WatchBuildsResponse>();
    do {
      batches.add(watch.next());
    } while (last(batches.getLast()).getEvent().getRevision() < newest);
    return batches;
  }

  private static WatchBuildsResponse last(WatchBuildsResponse batch) {
    return Batches.singly(batch).toList().getLast();
  }

  private static int told(WatchBuildsResponse batch) {
    return 1 + batch.getFurtherCount();
  }

  /** Of the events, without progress and heartbeats. */
  private static List<Long> revisions(List<WatchBuildsResponse> batches) {
    return batches.stream()
        .flatMap(Batches::singly)
        .map(WatchBuildsResponse::getEvent)
        .filter(event -> event.hasStateChange() || event.hasSwitchStep() || event.hasNotice())
        .map(WatchBuildResponse::getRevision)
        .toList();
  }

  private static List<Long> upTo(long newest) {
    return LongStream.rangeClosed(1, newest).boxed().toList();
  }
}
