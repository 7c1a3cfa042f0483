package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Message;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.StreamProgressRequest;
import io.shadowindex.v1.StreamProgressResponse;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many watchers, slow watchers and fast workers. Sizes: {@code -Dshadowindex.watchers}, {@code
 * -Dshadowindex.transitions}, {@code -Dshadowindex.reports}.
 */
final class WatchLoadTest {

  private static final int WATCHERS = Integer.getInteger("shadowindex.watchers", 100);
  private static final int TRANSITIONS = Integer.getInteger("shadowindex.transitions", 60);
  private static final int REPORTS = Integer.getInteger("shadowindex.reports", 20_000);
  private static final int WATCHERS_PER_CONNECTION = 80;
  private static final int FULL_REPORTS = 1_000_000;

  /** So many that the transport has no more room for them on the way to who does not read. */
  private static final int LOAD_TRANSITIONS = Math.max(TRANSITIONS, 600);

  /** In bytes; for all watchers of a connection together. */
  private static final int WINDOW = 65_535;

  /** What gRPC takes for one call, in bytes, before it says that it is not ready for more. */
  private static final long BUFFERED_UNTIL_NOT_READY = 32_768;

  private static final int IDLE_PER_CONNECTION = 50;

  private static final long MEBIBYTE = 1 << 20;

  private final List<ManagedChannel> channels = new ArrayList<>();
  private TestServer server;

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    server =
        TestServer.start(
            TestServer.withQuickHousekeeping(TestServer.config(directory))
                .with(Settings.LEASE, Duration.ofHours(1))
                .with(Settings.STREAM_OPENING, Duration.ofMinutes(1))
                .with(Settings.MAX_REPORTS_PER_SECOND, Integer.MAX_VALUE),
            Environment.real());
  }

  @AfterEach
  void stopServer() {
    channels.forEach(ManagedChannel::shutdownNow);
    server.close();
  }

  @Test
  void everyTransitionReachesEveryWatcher() throws Exception {
    ShadowIndex build = server.startBuild("main");
    var watchers = new ArrayList<Watcher<?, ?>>();
    for (int i = 0; i < WATCHERS; i++) {
      if (i % WATCHERS_PER_CONNECTION == 0) {
        channels.add(connect());
      }
      watchers.add(watch(channels.getLast(), build, Integer.MAX_VALUE));
    }
    await().atMost(Duration.ofMinutes(2)).until(() -> watchers.stream().allMatch(Watcher::began));
    long began = System.nanoTime();
    var committed = transitions(build, TRANSITIONS);
    long last = server.get(build).getRevision();
    await()
        .atMost(Duration.ofMinutes(10))
        .until(() -> watchers.stream().allMatch(watcher -> watcher.revision == last));
    double seconds = (System.nanoTime() - began) / 1e9;

    long[] latencies =
        watchers.stream()
            .flatMap(watcher -> watcher.latencies(committed).stream())
            .mapToLong(Long::longValue)
            .sorted()
            .toArray();
    System.out.printf(
        "%,d watchers, %,d transitions: %,d deliveries, %,.0f/s, p50 %d us, p99 %d us%n",
        WATCHERS,
        TRANSITIONS,
        watchers.stream().mapToLong(watcher -> watcher.seen.size()).sum(),
        watchers.stream().mapToLong(watcher -> watcher.seen.size()).sum() / seconds,
        latencies[latencies.length / 2],
        latencies[latencies.length * 99 / 100]);
    List<Long> expected = watchers.getFirst().revisions();
    assertThat(expected).isSorted().doesNotHaveDuplicates();
    assertThat(watchers).allMatch(watcher -> watcher.revisions().equals(expected));
    assertThat(expected.size()).isGreaterThanOrEqualTo(TRANSITIONS);
  }

  @Test
  void watchersThatNeverReadCostLittleAndDelayNobody() throws Exception {
    ShadowIndex reported = server.startBuild("reported");
    ShadowIndex changed = server.startBuild("changed");
    Watcher<?, ?> reader = watchAll(server.channel(), Integer.MAX_VALUE);
    await().until(reader::began);
    streamReports(reported, 10_000);
    long[] alone = latenciesUnderLoad(reader, reported, changed);

    channels.add(connect());
    channels.add(connect());
    var idle = new ArrayList<Watcher<?, ?>>();
    for (int i = 0; i < 2 * IDLE_PER_CONNECTION; i++) {
      idle.add(watchAll(channels.get(i % 2), 1));
    }
    await().atMost(Duration.ofMinutes(1)).until(() -> idle.stream().allMatch(Watcher::began));
    long before = usedHeap();
    long readBefore = reader.bytes.sum();
    long[] beside = latenciesUnderLoad(reader, reported, changed);
    long grown = usedHeap() - before;

    System.out.printf(
        "100 watchers that do not read, %,d reports, %,d transitions: heap %+.1f MiB; a reader's"
            + " p50 %d us, p99 %d us; without them p50 %d us, p99 %d us%n",
        REPORTS,
        LOAD_TRANSITIONS,
        grown / (double) MEBIBYTE,
        beside[beside.length / 2],
        beside[beside.length * 99 / 100],
        alone[alone.length / 2],
        alone[alone.length * 99 / 100]);
    long toTell = IDLE_PER_CONNECTION * (reader.bytes.sum() - readBefore);
    assertThat(toTell).isGreaterThan(WINDOW + IDLE_PER_CONNECTION * BUFFERED_UNTIL_NOT_READY);
    assertThat(grown).isLessThan(64 * MEBIBYTE);
    assertThat(idle).allMatch(watcher -> watcher.messages <= 1);
    if (REPORTS >= FULL_REPORTS) {
      assertThat(beside[beside.length * 99 / 100])
          .isLessThan(5 * alone[alone.length * 99 / 100] + 10_000);
    }
  }

  /** Reports of one build and transitions of another at once; how late a watcher hears of these. */
  private long[] latenciesUnderLoad(Watcher<?, ?> reader, ShadowIndex reported, ShadowIndex changed)
      throws Exception {
    Map<Long, Long> committed;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> reports = threads.submit(() -> streamReports(reported, REPORTS));
      committed = transitions(changed, LOAD_TRANSITIONS);
      reports.get();
    }
    long last = server.get(changed).getRevision();
    await().atMost(Duration.ofMinutes(1)).until(() -> reader.revision == last);
    return reader.latencies(committed).stream().mapToLong(Long::longValue).sorted().toArray();
  }

  @Test
  void oneWorkerReportsAsFastAsItCanAndItsLastReportIsKept() throws Exception {
    ShadowIndex build = server.startBuild("main");
    streamReports(build, 5_000);
    ShadowIndex again = server.retry(server.fail(build));

    double seconds = streamReports(again, REPORTS);

    System.out.printf("%,d reports over one stream: %,.0f/s%n", REPORTS, REPORTS / seconds);
    assertThat(server.get(again).getRecordCount()).isEqualTo(REPORTS);
    if (REPORTS >= FULL_REPORTS) {
      assertThat(REPORTS / seconds).isGreaterThan(50_000);
    }
  }

  /** Reports the counts up to {@code reports} and answers the seconds until the last is counted. */
  private double streamReports(ShadowIndex build, int reports) throws InterruptedException {
    var counted = new AtomicLong();
    var ended = new CountDownLatch(1);
    var answers =
        new ClientResponseObserver<StreamProgressRequest, StreamProgressResponse>() {
          @Override
          public void beforeStart(ClientCallStreamObserver<StreamProgressRequest> requests) {}

          @Override
          public void onNext(StreamProgressResponse response) {
            counted.set(response.getCountedReports());
          }

          @Override
          public void onError(Throwable cause) {
            ended.countDown();
          }

          @Override
          public void onCompleted() {
            ended.countDown();
          }
        };
    var requests =
        (ClientCallStreamObserver<StreamProgressRequest>)
            ShadowIndexServiceGrpc.newStub(server.channel()).streamProgress(answers);
    long records = server.get(build).getRecordCount();
    long began = System.nanoTime();
    for (int i = 1; i <= reports; i++) {
      while (!requests.isReady()) {
        LockSupport.parkNanos(20_000);
      }
      requests.onNext(
          StreamProgressRequest.newBuilder()
              .setReport(
                  ReportProgressRequest.newBuilder()
                      .setShadowIndexId(build.getShadowIndexId())
                      .setFencingToken(build.getFencingToken())
                      .setRecordCount(Math.max(records, i)))
              .build());
    }
    requests.onCompleted();
    assertThat(ended.await(5, TimeUnit.MINUTES)).isTrue();
    assertThat(counted.get()).isEqualTo(reports);
    return (System.nanoTime() - began) / 1e9;
  }

  /** Makes about so many transitions; answers when the call that made each one was sent. */
  private Map<Long, Long> transitions(ShadowIndex build, int count) {
    var committed = new ConcurrentHashMap<Long, Long>();
    for (int i = 0; i < count; i += 3) {
      long failed = System.nanoTime();
      committed.put(server.fail(build).getRevision(), failed);
      long retried = System.nanoTime();
      committed.put(server.retry(build).getRevision(), retried);
    }
    return committed;
  }

  private ManagedChannel connect() {
    return NettyChannelBuilder.forAddress("127.0.0.1", server.server().port())
        .usePlaintext()
        .flowControlWindow(WINDOW)
        .build();
  }

  private static Watcher<?, ?> watch(ManagedChannel channel, ShadowIndex build, int messages) {
    var watcher = new Watcher<WatchBuildRequest, WatchBuildResponse>(messages, event -> event);
    ShadowIndexServiceGrpc.newStub(channel)
        .watchBuild(
            WatchBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setFollow(true)
                .build(),
            watcher);
    return watcher;
  }

  private static Watcher<?, ?> watchAll(ManagedChannel channel, int messages) {
    var watcher =
        new Watcher<WatchBuildsRequest, WatchBuildsResponse>(
            messages, WatchBuildsResponse::getEvent);
    ShadowIndexServiceGrpc.newStub(channel)
        .watchBuilds(WatchBuildsRequest.getDefaultInstance(), watcher);
    return watcher;
  }

  private static long usedHeap() throws InterruptedException {
    long[] samples = new long[3];
    for (int i = 0; i < samples.length; i++) {
      System.gc();
      samples[i] = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
    return Arrays.stream(samples).min().orElseThrow();
  }

  /** Takes so many messages and no more. */
  private static final class Watcher<Q, R extends Message> implements ClientResponseObserver<Q, R> {

    private record Seen(long revision, long nanoTime) {}

    private final int wanted;
    private final Function<R, WatchBuildResponse> eventOf;
    private final List<Seen> seen = new ArrayList<>();
    private volatile int messages;
    private volatile long revision;
    private final LongAdder bytes = new LongAdder();

    Watcher(int wanted, Function<R, WatchBuildResponse> eventOf) {
      this.wanted = wanted;
      this.eventOf = eventOf;
    }

    boolean began() {
      return messages > 0;
    }

    List<Long> revisions() {
      return seen.stream().map(Seen::revision).toList();
    }

    /** Microseconds from the call that made a transition to its arrival. */
    List<Long> latencies(Map<Long, Long> committed) {
      return seen.stream()
          .filter(event -> committed.containsKey(event.revision()))
          .map(event -> (event.nanoTime() - committed.getOrDefault(event.revision(), 0L)) / 1000)
          .toList();
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Q> stream) {
      stream.disableAutoRequestWithInitial(wanted);
    }

    @Override
    public void onNext(R message) {
      WatchBuildResponse response = eventOf.apply(message);
      bytes.add(message.getSerializedSize());
      if (response.hasStateChange()) {
        seen.add(new Seen(response.getRevision(), System.nanoTime()));
        revision = response.getRevision();
      }
      messages = Math.min(messages, Integer.MAX_VALUE - 1) + 1;
    }

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onCompleted() {}
  }
}
