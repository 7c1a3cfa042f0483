package io.shadowindex.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import io.shadowindex.server.lock.LockHistory;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.testing.History;
import io.shadowindex.server.testing.IndexClient;
import io.shadowindex.server.testing.IndexReaders;
import io.shadowindex.server.testing.ServerProcess;
import io.shadowindex.server.testing.Strace;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.server.testing.Usage;
import io.shadowindex.server.testing.WatchRecorder;
import io.shadowindex.server.testing.WorkerStream;
import io.shadowindex.testing.Certificates;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CheckIndexesRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything at once, for {@code -Dshadowindex.soak.seconds}: builds, switches, rollbacks, progress
 * streams, locks, watches, readers. First under faults (kills, stops, a full disk, connections that
 * end), then in one server that has to use no more at the end than after its warm-up. All promises
 * are checked at the end. As in real operation, the server has the heap that its launcher gives it,
 * TLS, credentials and an audit file.
 */
final class SoakIT {

  private static final Duration TIME =
      Duration.ofSeconds(Long.getLong("shadowindex.soak.seconds", 10L));

  private static final int CLIENTS = 4;
  private static final int LOCKERS = 3;
  private static final int RECORDERS = 2;
  private static final int REPORTS = 200;

  private static final String LOCKED = "locked";
  private static final String STREAMED = "streamed";

  /**
   * What makes links, and so flips: a disk that is full for them stops switches and nothing else.
   */
  private static final String SYMLINK = "?symlink,symlinkat";

  /** A short memory, so that what is kept has come to its end many times. */
  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "SHADOWINDEX_RETENTION", "5s",
          "SHADOWINDEX_GRACE", "5s",
          "SHADOWINDEX_SWEEP_INTERVAL", "500ms",
          "SHADOWINDEX_KEEP_EVENTS", "10000",
          "SHADOWINDEX_AUDIT_RETENTION", "30s",
          "SHADOWINDEX_MAX_CONNECTION_AGE", "5s",
          "SHADOWINDEX_CONNECTION_GRACE", "5s");

  private static final String HOST = "localhost";
  private static final String TOKEN = "token-of-the-soak";

  private final AtomicReference<ServerProcess> server = new AtomicReference<>();
  private final IndexClient.Findings findings = new IndexClient.Findings(Code.RESOURCE_EXHAUSTED);
  private final LockHistory locks = new LockHistory();
  private final AtomicLong streams = new AtomicLong();
  private final Queue<String> uncounted = new ConcurrentLinkedQueue<>();
  private final Map<String, String> environment = new HashMap<>(ENVIRONMENT);
  private Path audit = Path.of("");
  private Path authority = Path.of("");
  private int kills;
  private int stops;
  private int fullDisks;

  /** No more locks and streams are begun. */
  private volatile boolean done;

  /** What recorders have to reach; unknown while changes are made. */
  private volatile long last = Long.MAX_VALUE;

  @Test
  void allPromisesHoldAndNothingGrows(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path directory)
      throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    Path data = directory.resolve("data");
    secure(directory);
    var clients = new ArrayList<IndexClient>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(new IndexClient("branch-" + i, new Random(random.nextLong()), findings));
    }
    var recorders = new ArrayList<WatchRecorder>();
    for (int i = 0; i < RECORDERS; i++) {
      recorders.add(new WatchRecorder(server::get, null));
    }
    var readers = new ArrayList<IndexReaders>();
    try (var threads = Executors.newCachedThreadPool()) {
      try {
        server.set(start(data));
        for (IndexClient client : clients) {
          Path link = Path.of(switched(client.branch()).getCurrentIndexPath());
          readers.add(IndexReaders.start(1, link, SoakIT::read));
        }
        List<Future<?>> loads = startLoads(threads, random);
        var recordings = new ArrayList<Future<?>>();
        for (WatchRecorder recorder : recorders) {
          var own = new Random(random.nextLong());
          recordings.add(threads.submit(() -> recorder.record(own, () -> last)));
        }
        long end = System.nanoTime() + TIME.toNanos() / 2;
        do {
          surviveAFault(data, clients, random);
        } while (System.nanoTime() < end);
        stayFlat(data, clients);

        done = true;
        await(loads);
        last = switched("last").getRevision();
        await(recordings);
        assertThat(
                server
                    .get()
                    .stub()
                    .checkIndexes(CheckIndexesRequest.getDefaultInstance())
                    .getFindingsList())
            .isEmpty();
        assertThat(server.get().terminate()).isZero();
      } finally {
        done = true;
        last = 0;
        readers.forEach(IndexReaders::close);
        server.get().close();
      }
    }
    report(readers, recorders);
    assertPromisesKept(readers, recorders);
    System.out.println(findings.trail().assertIn(audit));
  }

  private void secure(Path directory) throws Exception {
    var certificates = new Certificates(directory);
    certificates.authority("authority");
    certificates.signed("server", "authority", HOST);
    authority = certificates.chain("authority");
    audit = directory.resolve("audit.jsonl");
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(TOKEN.getBytes(UTF_8));
    Path credentials =
        Files.writeString(
            directory.resolve("credentials"),
            "soak operator * sha256:%s%n".formatted(HexFormat.of().formatHex(hash)));
    environment.put("SHADOWINDEX_TLS_CERTIFICATES", certificates.chain("server").toString());
    environment.put("SHADOWINDEX_TLS_KEY", certificates.key("server").toString());
    environment.put("SHADOWINDEX_CREDENTIALS", credentials.toString());
    environment.put("SHADOWINDEX_AUDIT_LOG", audit.toString());
  }

  private ServerProcess start(Path data) throws IOException {
    return ServerProcess.start(data, environment, this::connect);
  }

  private ManagedChannel connect(String address) {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + TOKEN);
    try {
      var trusting = TlsChannelCredentials.newBuilder().trustManager(authority.toFile()).build();
      return Grpc.newChannelBuilder(address, trusting)
          .overrideAuthority(HOST)
          .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
          .build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void report(List<IndexReaders> readers, List<WatchRecorder> recorders) {
    System.out.printf(
        "%d kills, %d stops, %d full disks; %d acknowledged, %d refused, %d lost, %d unusable%n",
        kills,
        stops,
        fullDisks,
        findings.acknowledged(),
        findings.refused(),
        findings.lost().size(),
        findings.unusable().size());
    System.out.printf("%s; readers: %s; %d streams%n", locks, readers, streams.get());
    System.out.printf(
        "%d events to each of %d watchers, %d cuts; lock held: %s%n",
        recorders.getFirst().history().revision(),
        recorders.size(),
        recorders.stream().mapToInt(WatchRecorder::cuts).sum(),
        findings.lockHeld());
  }

  private void assertPromisesKept(List<IndexReaders> readers, List<WatchRecorder> recorders) {
    assertThat(findings.lost()).isEmpty();
    assertThat(findings.unusable()).isEmpty();
    assertThat(findings.acknowledged()).isGreaterThan(100);
    assertThat(readers)
        .allSatisfy(
            reader -> {
              assertThat(reader.misses()).isEmpty();
              assertThat(reader.reads()).isGreaterThan(100);
            });
    assertThat(locks.violations()).isEmpty();
    assertThat(uncounted).isEmpty();
    assertThat(streams).hasPositiveValue();
    for (WatchRecorder recorder : recorders) {
      History history = recorder.history();
      history.assertComplete(history.revision());
      history.assertLegal();
      findings.revisions().entrySet().stream()
          .filter(told -> told.getKey() <= history.revision())
          .forEach(told -> assertThat(history.buildAt(told.getKey())).hasToString(told.getValue()));
    }
  }

  private List<Future<?>> startLoads(ExecutorService threads, Random random) {
    var loads = new ArrayList<Future<?>>();
    for (int i = 0; i < LOCKERS; i++) {
      String owner = "locker-" + i;
      var own = new Random(random.nextLong());
      loads.add(threads.submit(() -> lockUntilDone(owner, own)));
    }
    loads.add(threads.submit(this::streamUntilDone));
    return loads;
  }

  private static void await(List<Future<?>> futures) throws Exception {
    for (Future<?> future : futures) {
      future.get(1, TimeUnit.MINUTES);
    }
  }

  /** Clients work on the server that there is until it is killed or stopped; starts another. */
  private void surviveAFault(Path data, List<IndexClient> clients, Random random) throws Exception {
    ServerProcess now = server.get();
    List<Thread> working = work(now, clients);
    if (random.nextBoolean() && Strace.works()) {
      try (var strace = Strace.failing(now.pid(), List.of(), SYMLINK, "ENOSPC")) {
        now.workFor(random.nextInt(500));
        IndexClient.betweenCalls(clients, strace::close);
      }
      fullDisks++;
    }
    if (random.nextInt(3) == 0) {
      assertThat(now.terminate()).isZero();
      stops++;
    } else {
      now.workFor(random.nextInt(1500));
      findings.trail().kill();
      now.kill();
      kills++;
    }
    restart(now, data, clients, working);
  }

  /** The same load without faults, between two looks at what the server uses. */
  private void stayFlat(Path data, List<IndexClient> clients) throws Exception {
    ServerProcess now = server.get();
    List<Thread> working = work(now, clients);
    now.workFor(TIME.toMillis() / 6);
    Usage before = Usage.of(now.pid(), data);
    now.workFor(TIME.toMillis() / 3);
    Usage after = Usage.of(now.pid(), data);
    System.out.printf("after the warm-up: %s%nat the end: %s%n", before, after);
    after.assertFlat(before);
    assertThat(now.terminate()).isZero();
    stops++;
    restart(now, data, clients, working);
  }

  private List<Thread> work(ServerProcess now, List<IndexClient> clients)
      throws InterruptedException {
    var firstAnswers = new CountDownLatch(clients.size());
    var working = new ArrayList<Thread>();
    for (IndexClient client : clients) {
      working.add(Thread.ofVirtual().start(() -> client.workUntilKilled(now, firstAnswers)));
    }
    assertThat(firstAnswers.await(30, TimeUnit.SECONDS)).isTrue();
    return working;
  }

  private void restart(
      ServerProcess ended, Path data, List<IndexClient> clients, List<Thread> working)
      throws Exception {
    ended.close();
    for (Thread thread : working) {
      thread.join();
    }
    server.set(start(data));
    clients.forEach(client -> client.checkAfterRestart(server.get().stub()));
  }

  /** Reads a generation whole, some hundred times a second. */
  private static void read(Path generation) throws IOException {
    assertThat(IndexClient.buildsIn(generation)).containsOnly(generation.getFileName().toString());
    LockSupport.parkNanos(2_000_000);
  }

  /** Whoever is granted the lock is alone with it until shortly before it releases it. */
  private @Nullable Void lockUntilDone(String owner, Random random) {
    var request =
        AcquireLockRequest.newBuilder()
            .setBranchName(LOCKED)
            .setScope(Lock.Scope.BRANCH)
            .setOwner(owner)
            .setTtlSeconds(5)
            .setWaitSeconds(1)
            .build();
    while (!done) {
      try {
        Lock lock = server.get().locks().acquireLock(request).getLock();
        findings.trail().acknowledge("AcquireLock", lock);
        long entry =
            locks.enter(LockName.branch(LOCKED), LockMode.EXCLUSIVE, lock.getFencingToken());
        LockSupport.parkNanos(random.nextInt(5_000_000));
        locks.leave(entry);
        var release =
            ReleaseLockRequest.newBuilder()
                .setLockId(lock.getLockId())
                .setOwner(owner)
                .setFencingToken(lock.getFencingToken())
                .build();
        findings
            .trail()
            .acknowledge(
                "ReleaseLock", server.get().locks().releaseLock(release).getReleasedLock());
      } catch (StatusRuntimeException e) {
        bear(e, Code.ABORTED); // not granted in time, as its last holder's release was lost
      }
    }
    return null;
  }

  /** Workers that report over streams: what was counted is told to whoever asks. */
  private @Nullable Void streamUntilDone() throws InterruptedException {
    while (!done) {
      try {
        ServerProcess now = server.get();
        ShadowIndex build = startedAnew(now.stub());
        var worker = new WorkerStream(now.channel(), build, "worker");
        for (int i = 1; i <= REPORTS; i++) {
          worker.report(50, i);
        }
        worker.end();
        if (worker.endsWell()) {
          var request =
              GetShadowIndexRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build();
          long records = now.stub().getShadowIndex(request).getShadowIndex().getRecordCount();
          if (records != REPORTS) {
            uncounted.add("%d records of %s".formatted(records, build.getShadowIndexId()));
          }
          streams.incrementAndGet();
        }
      } catch (StatusRuntimeException e) {
        bear(e, Code.UNAVAILABLE);
      }
    }
    return null;
  }

  private ShadowIndex startedAnew(ShadowIndexServiceBlockingStub stub) {
    var unfinished =
        ListShadowIndexesRequest.newBuilder().setBranchName(STREAMED).setPageSize(1).build();
    for (ShadowIndex build : stub.listShadowIndexes(unfinished).getShadowIndexesList()) {
      if (build.getState() != State.CANCELLED) {
        var cancel = CancelBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId());
        findings.trail().acknowledge(stub.cancelBuild(cancel.build()).getShadowIndex());
      }
    }
    ShadowIndex started = stub.startBuild(start(STREAMED)).getShadowIndex();
    findings.trail().acknowledge(started);
    return started;
  }

  private ShadowIndex switched(String branch) throws IOException {
    ShadowIndexServiceBlockingStub stub = server.get().stub();
    ShadowIndex build = stub.startBuild(start(branch)).getShadowIndex();
    IndexClient.write(build);
    var complete =
        CompleteBuildRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setRecordCount(1)
            .build();
    ShadowIndex built = stub.completeBuild(complete).getShadowIndex();
    return stub.switchIndex(TestServer.switchRequest(built).build()).getShadowIndex();
  }

  private static StartBuildRequest start(String branch) {
    return StartBuildRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .addResourceTypes("object_type")
        .build();
  }

  private static void bear(StatusRuntimeException e, Code expected) {
    if (!ServerProcess.isLost(e) && e.getStatus().getCode() != expected) {
      throw e;
    }
    LockSupport.parkNanos(20_000_000); // as a client pauses before it asks again
  }
}
