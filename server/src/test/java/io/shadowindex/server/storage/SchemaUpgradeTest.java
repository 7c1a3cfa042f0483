package io.shadowindex.server.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockRequest;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.lock.LockType;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AuditEntry;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CheckIndexesRequest;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.EndedLock;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListAuditEntriesRequest;
import io.shadowindex.v1.ListLocksRequest;
import io.shadowindex.v1.ListLocksResponse;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ListShadowIndexesResponse;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildResponse.Notice;
import io.shadowindex.v1.WatchBuildsRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A state that an older server wrote, from the first schema on, is one that this server goes on
 * with.
 */
final class SchemaUpgradeTest {

  /** Events of the first schema's state; a later one has two more. */
  private static final int EVENTS = 47;

  /** Since then a state has what is looked for. */
  private static final int SWITCHES_BY_ITSELF = 2;

  private static final int HAS_NOTICES = 4;
  private static final int HAS_LOCKS = 5;
  private static final int HAS_REQUESTS = 6;
  private static final int HAS_AUDIT = 7;
  private static final int HAS_REQUESTS_ABOUT_LOCKS = 8;
  private static final int HAS_WORKERS = 9;

  @TempDir private Path directory;

  static Stream<Integer> versions() {
    return Arrays.stream(migrations("jdbc:h2:mem:versions").info().all())
        .map(migration -> Integer.valueOf(migration.getVersion().toString()));
  }

  /**
   * The state is of that version: made by its migrations, with the rows of each version written
   * when it was the newest.
   */
  @ParameterizedTest
  @MethodSource("versions")
  void aServerGoesOnWithAStateOfEachVersion(int version) throws Exception {
    Path state = Files.createDirectories(directory.resolve("state"));
    String url = "jdbc:h2:file:" + state.resolve("shadowindex");
    try (var _ = DriverManager.getConnection(url, "", "")) { // keeps it open from one to the next
      for (int each = 1; each <= version; each++) {
        migrate(url, Integer.toString(each));
        execute(url, rows(each));
      }
    }
    for (int build : List.of(3, 4, 5, 6, 9, 10, 11, 12)) {
      writeGeneration(id(build));
    }
    link("active", id(5));
    link("rolled-back", id(11));

    try (TestServer server = TestServer.start(directory)) {
      repeatsAnswers(server, version);
      listsBuilds(server, version);
      tellsWhatHappened(server, version);
      listsLocks(server, version);
      listsAudit(server, version);
      goesOnBuilding(server, version);
      switches(server);
      assertThat(server.failures()).isEmpty();
    }
  }

  private static void listsBuilds(TestServer server, int version) {
    if (version >= SWITCHES_BY_ITSELF) {
      await().until(() -> server.get(build(9)).getState() == State.ACTIVE);
    }
    var request = ListShadowIndexesRequest.newBuilder().setPageSize(100).build();
    ListShadowIndexesResponse list = server.stub().listShadowIndexes(request);
    List<ShadowIndex> builds = list.getShadowIndexesList().reversed();
    assertThat(list.getTotalCount()).isEqualTo(12);
    assertThat(list.getActiveBuilds()).isEqualTo(1);
    assertThat(list.getReadyForSwitch()).isEqualTo(version >= SWITCHES_BY_ITSELF ? 2 : 3);
    assertThat(builds)
        .extracting(ShadowIndex::getState)
        .containsExactly(
            State.FAILED, // was PREPARING
            State.BUILDING,
            State.BUILT,
            State.BUILT, // was SWITCHING
            State.ACTIVE,
            State.CLEANUP,
            State.FAILED,
            State.CANCELLED,
            version >= SWITCHES_BY_ITSELF ? State.ACTIVE : State.BUILT,
            State.CLEANUP,
            State.ACTIVE,
            State.CLEANUP);
    assertThat(builds)
        .allSatisfy(
            build -> {
              assertThat(build.getResourceTypesList()).containsExactly("object_type", "link_type");
              assertThat(build.getLabelsMap()).containsExactly(entry("team", "search"));
            });
    ShadowIndex active = builds.get(4);
    assertThat(active.getRecordCount()).isEqualTo(1000);
    assertThat(active.getIndexSizeBytes()).isEqualTo(36);
    assertThat(active.getSourceWatermark()).isEqualTo("commit 1a2b3c");
    assertThat(active.getBuildSummary().getBuildDurationSeconds()).isEqualTo(60);
    assertThat(active.hasLastSwitch()).isEqualTo(version >= SWITCHES_BY_ITSELF);
  }

  /** A watch that goes on where it had been before. */
  private static void tellsWhatHappened(TestServer server, int version) {
    int events = EVENTS + (version >= HAS_NOTICES ? 2 : 0);
    var seen = new ArrayList<WatchBuildResponse>();
    var watch =
        server.stub().watchBuilds(WatchBuildsRequest.newBuilder().setFromRevision(10).build());
    while (seen.size() < events - 10) {
      seen.add(watch.next().getEvent());
    }
    assertThat(seen)
        .extracting(WatchBuildResponse::getRevision)
        .containsExactlyElementsOf(LongStream.rangeClosed(11, events).boxed().toList());
    assertThat(seen.subList(0, EVENTS - 10))
        .allSatisfy(
            event -> assertThat(event.getStateChange().getMessage()).isEqualTo("from before"));
    assertThat(seen.subList(EVENTS - 10, seen.size()))
        .extracting(event -> event.getNotice().getKind(), event -> lostWorkers(event))
        .isEqualTo(
            version >= HAS_NOTICES
                ? List.of(
                    tuple(Notice.Kind.STALLED, List.of("worker-1")),
                    tuple(Notice.Kind.PAUSED, List.of()))
                : List.of());
  }

  private static List<String> lostWorkers(WatchBuildResponse event) {
    return List.copyOf(event.getNotice().getLostWorkerIdsList());
  }

  private static void repeatsAnswers(TestServer server, int version) {
    if (version < HAS_REQUESTS) {
      return;
    }
    var cancel =
        CancelBuildRequest.newBuilder()
            .setShadowIndexId(id(8))
            .setReason("not needed")
            .setRequestId(id("b1"));
    assertThat(server.stub().cancelBuild(cancel.build()).getMessage()).isEqualTo("as answered");
    cancel.setReason("another");
    assertThat(
            catchThrowableOfType(
                StatusRuntimeException.class, () -> server.stub().cancelBuild(cancel.build())))
        .extracting(TestServer::reason)
        .isEqualTo("REQUEST_ID_REUSED");
    var fail =
        FailBuildRequest.newBuilder()
            .setShadowIndexId(id(7))
            .setErrorMessage("no more memory")
            .setRequestId(id("b2"))
            .build();
    assertThat(server.stub().failBuild(fail).getShadowIndex()).isEqualTo(server.get(build(7)));
    if (version >= HAS_REQUESTS_ABOUT_LOCKS) {
      var acquire = locking().setRequestId(id("b3")).build();
      assertThat(server.locks().acquireLock(acquire).getLock().getLockId()).isEqualTo(id("a1"));
    }
    if (version >= HAS_WORKERS) {
      var claim =
          ClaimBuildRequest.newBuilder()
              .setShadowIndexId(id(2))
              .setForce(true)
              .setRequestId(id("b4"))
              .build();
      assertThat(server.stub().claimBuild(claim).getShadowIndex().getFencingToken()).isEqualTo(2);
    }
  }

  private static void listsLocks(TestServer server, int version) {
    var request = ListLocksRequest.newBuilder().setBranchName("locked").setShowEnded(true).build();
    ListLocksResponse locks = server.locks().listLocks(request);
    if (version < HAS_LOCKS) {
      assertThat(locks).isEqualTo(ListLocksResponse.getDefaultInstance());
      return;
    }
    assertThat(locks.getLocksList())
        .singleElement()
        .satisfies(
            lock -> {
              assertThat(lock.getOwner()).isEqualTo("alice");
              assertThat(lock.getResourceTypesList())
                  .containsExactlyInAnyOrder("object_type", "link_type");
            });
    assertThat(locks.getEndedLocksList())
        .singleElement()
        .extracting(ended -> ended.getLock().getOwner(), EndedLock::getHow)
        .containsExactly("bob", EndedLock.How.EXPIRED);
    assertThat(
            catchThrowableOfType(
                StatusRuntimeException.class,
                () -> server.locks().acquireLock(locking().setOwner("carol").build())))
        .extracting(TestServer::reason)
        .isEqualTo("LOCK_HELD");
  }

  private static AcquireLockRequest.Builder locking() {
    return AcquireLockRequest.newBuilder()
        .setBranchName("locked")
        .setScope(Lock.Scope.RESOURCE_TYPE)
        .setOwner("alice")
        .setTtlSeconds(3600)
        .addAllResourceTypes(List.of("object_type", "link_type"));
  }

  private static void listsAudit(TestServer server, int version) {
    var before = new ArrayList<>(List.of("SwitchIndex", "RetryBuild", "CancelBuild"));
    if (version >= HAS_REQUESTS_ABOUT_LOCKS) {
      before.addFirst("AcquireLock");
    }
    var request = ListAuditEntriesRequest.newBuilder().setPageSize(100).build();
    assertThat(server.stub().listAuditEntries(request).getEntriesList())
        .filteredOn(entry -> entry.getPeer().equals("127.0.0.1:4711"))
        .extracting(AuditEntry::getMethod)
        .isEqualTo(version >= HAS_AUDIT ? before : List.of());
  }

  private static void goesOnBuilding(TestServer server, int version) {
    ShadowIndex building = server.get(build(2));
    assertThat(building.getPaused()).isEqualTo(version >= HAS_NOTICES);
    assertThat(building.getStalled()).isEqualTo(version >= HAS_NOTICES);
    var report =
        ReportProgressRequest.newBuilder()
            .setShadowIndexId(id(2))
            .setWorkerId("worker-2")
            .setProgressPercent(60)
            .setRecordCount(600)
            .build();
    var _ = server.stub().reportProgress(report);
    assertThat(server.get(build(2)).getRecordCount())
        .isEqualTo(version >= HAS_WORKERS ? 1100 : 600);
  }

  private static void switches(TestServer server) throws IOException {
    for (int built : List.of(3, 4)) {
      SwitchIndexResponse switched = server.switchTo(build(built));
      assertThat(switched.getSuccess()).isTrue();
      Path live = Path.of(switched.getShadowIndex().getCurrentIndexPath());
      assertThat(live.resolve("segment")).hasContent(id(built));
    }
    var rollback =
        RollbackIndexRequest.newBuilder()
            .setBranchName("rolled-back")
            .setIndexType(IndexType.Enum.SEARCH_INDEX)
            .build();
    var rolledBack = server.stub().rollbackIndex(rollback);
    assertThat(rolledBack.getSuccess()).isTrue();
    assertThat(rolledBack.getShadowIndex().getShadowIndexId()).isEqualTo(id(10));
    assertThat(
            server.stub().checkIndexes(CheckIndexesRequest.getDefaultInstance()).getFindingsList())
        .isEmpty();
  }

  private static ShadowIndex build(int number) {
    return ShadowIndex.newBuilder().setShadowIndexId(id(number)).build();
  }

  private static String id(int number) {
    return id(Integer.toString(number));
  }

  private static String id(String end) {
    return "00000000-0000-4000-8000-" + "0".repeat(12 - end.length()) + end;
  }

  /** As every version wrote it: the file, and its manifest beside the generation. */
  private void writeGeneration(String id) throws Exception {
    Path builds = directory.resolve("index/builds");
    Files.writeString(Files.createDirectories(builds.resolve(id)).resolve("segment"), id);
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(id.getBytes(UTF_8));
    Files.writeString(
        builds.resolve(id + ".manifest.json"),
        """
        {"format":1,"total_bytes":36,"files":[{"path":"segment","size_bytes":36,"sha256":"%s"}]}"""
            .formatted(HexFormat.of().formatHex(hash)));
  }

  private void link(String branch, String id) throws IOException {
    Path link = directory.resolve("index/live/%s/SEARCH_INDEX/default".formatted(branch));
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, Path.of("../../../builds", id));
  }

  /** What a version brought that can hold something. */
  private static String rows(int version) throws IOException {
    try (var sql = SchemaUpgradeTest.class.getResourceAsStream("upgrade/V" + version + ".sql")) {
      assertThat(sql).as("rows of version " + version).isNotNull();
      return new String(sql.readAllBytes(), UTF_8);
    }
  }

  private static void execute(String url, String sql) throws SQLException {
    try (var connection = DriverManager.getConnection(url, "", "");
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void leasesFromBeforeTheyWereCountedCountAndLocksOfSwitchesDoNot() throws SQLException {
    String url = "jdbc:h2:file:" + directory.resolve("shadowindex");
    migrate(url, "13");
    UUID lease = UUID.randomUUID();
    execute(url, heldLock(lease, "a", "current_timestamp + interval '1' hour"));
    execute(url, heldLock(lease, "b", "current_timestamp + interval '1' hour"));
    execute(url, heldLock(UUID.randomUUID(), "c", "null"));

    try (StateStore state = StateStore.open(directory, InstantSource.system(), failure -> {})) {
      LockStore locks = state.locks(2);
      assertThat(locks.tryAcquire(UUID.randomUUID(), request("d")))
          .isInstanceOf(LockStore.Granted.class);
      assertThatThrownBy(() -> locks.tryAcquire(UUID.randomUUID(), request("e")))
          .isInstanceOfSatisfying(
              RefusedException.class,
              refused -> assertThat(refused.refusal()).isEqualTo(new Refusal.TooManyLocks(2)));
      locks.forceRelease(lease, "root", "to make room");
      assertThat(locks.tryAcquire(UUID.randomUUID(), request("e")))
          .isInstanceOf(LockStore.Granted.class);
    }
  }

  private static String heldLock(UUID id, String type, String expiresAt) {
    return """
        insert into held_lock (branch_name, resource_type, resource_id, lock_id, lock_type, lock_mode,
          owner, reason, ttl_seconds, heartbeat_interval_seconds, fencing_token, acquired_at, expires_at)
        values ('main', '%s', '', '%s', 'MANUAL', 'EXCLUSIVE', 'alice', '', 3600, 0, 1, current_timestamp, %s)
        """
        .formatted(type, id, expiresAt);
  }

  private static LockRequest request(String type) {
    return new LockRequest(
        LockName.resourceTypes("main", List.of(type)),
        LockType.MANUAL,
        LockMode.SHARED,
        "bob",
        "",
        Duration.ofSeconds(60),
        Duration.ZERO);
  }

  private static void migrate(String url, String version) {
    Flyway.configure()
        .configuration(migrations(url).getConfiguration())
        .target(version)
        .load()
        .migrate();
  }

  private static Flyway migrations(String url) {
    return Flyway.configure()
        .dataSource(url, "", "")
        .locations("classpath:io/shadowindex/server/storage/migration")
        .loggers("slf4j")
        .load();
  }
}
