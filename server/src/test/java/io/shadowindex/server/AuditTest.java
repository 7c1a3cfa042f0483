package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.ManualClock;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AuditEntry;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListAuditEntriesRequest;
import io.shadowindex.v1.ListAuditEntriesResponse;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who changed what can be read afterwards, and who was refused to. */
final class AuditTest {

  private static final Duration RETENTION = Duration.ofDays(7);

  private final ManualClock clock = new ManualClock();
  private Path directory = Path.of("");
  private Path file = Path.of("");
  private TestServer server;
  private volatile SwitchStep.Observer observer = SwitchStep.Observer.NONE;

  @BeforeEach
  void startServer(@TempDir Path temporary) throws IOException {
    directory = temporary;
    file = Files.createDirectory(temporary.resolve("logs")).resolve("audit.jsonl");
    start();
  }

  private void start() throws IOException {
    server =
        TestServer.start(
            TestServer.withQuickHousekeeping(TestServer.config(directory.resolve("data")))
                .with(Settings.AUDIT_LOG, Optional.of(file))
                .with(Settings.AUDIT_RETENTION, RETENTION),
            new Environment(clock, FileOperations.real(), step -> observer.before(step)));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void everyChangeHasAnEntry() throws IOException {
    ShadowIndex first = server.built("main");
    server.switchTo(first);
    ShadowIndex second = server.startBuild("main");
    String id = second.getShadowIndexId();
    server.stub().pauseBuild(PauseBuildRequest.newBuilder().setShadowIndexId(id).build());
    server.stub().resumeBuild(ResumeBuildRequest.newBuilder().setShadowIndexId(id).build());
    server
        .stub()
        .claimBuild(ClaimBuildRequest.newBuilder().setShadowIndexId(id).setForce(true).build());
    server.fail(second);
    server.retry(second);
    server.cancel(second);
    ShadowIndex third = server.built("main");
    server.switchTo(third);
    server.stub().rollbackIndex(rollback());
    server
        .stub()
        .deleteIndex(
            DeleteIndexRequest.newBuilder()
                .setBranchName("main")
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .build());

    List<AuditEntry> entries = entriesOnceThereAre(15);

    assertThat(entries.reversed())
        .extracting(AuditEntry::getMethod)
        .containsExactly(
            "StartBuild",
            "CompleteBuild",
            "SwitchIndex",
            "StartBuild",
            "PauseBuild",
            "ResumeBuild",
            "ClaimBuild",
            "FailBuild",
            "RetryBuild",
            "CancelBuild",
            "StartBuild",
            "CompleteBuild",
            "SwitchIndex",
            "RollbackIndex",
            "DeleteIndex");
    AuditEntry switched = entries.get(12);
    assertThat(switched.getResult()).isEqualTo("OK");
    assertThat(switched.getShadowIndexId()).isEqualTo(first.getShadowIndexId());
    assertThat(switched.getBranchName()).isEqualTo("main");
    assertThat(switched.getIndexType()).isEqualTo("SEARCH_INDEX");
    assertThat(switched.getIndexName()).isEqualTo("default");
    assertThat(switched.getPeer()).startsWith("127.0.0.1:");
    assertThat(switched.getFencingToken()).isEqualTo(first.getFencingToken());
    assertThat(switched.getRevision()).isGreaterThan(first.getRevision());
    assertThat(switched.getMessage()).startsWith("Index switch completed");
  }

  @Test
  void locksHaveEntriesAndWritersLeasesDoNotUnlessTheyAreEndedByForce() {
    var request =
        AcquireLockRequest.newBuilder()
            .setBranchName("main")
            .setScope(Lock.Scope.RESOURCE_TYPE)
            .setResourceType("object_type")
            .setOwner("alice")
            .setTtlSeconds(60);
    release(server.locks().acquireLock(request.build()).getLock());
    var lease = request.setMode(Lock.Mode.SHARED).build();
    Lock left = server.locks().acquireLock(lease).getLock();
    release(server.locks().acquireLock(lease).getLock());
    var _ = catchThrowable(() -> server.locks().acquireLock(request.clearMode().build()));
    entriesOnceThereAre(3); // refusals are written later than what has an effect
    var _ =
        server
            .locks()
            .releaseLock(
                ReleaseLockRequest.newBuilder()
                    .setLockId(left.getLockId())
                    .setOwner("root")
                    .setForceRelease(true)
                    .setReason("alice is on holiday")
                    .build());

    List<AuditEntry> entries = entriesOnceThereAre(4);

    assertThat(entries)
        .extracting(entry -> entry.getMethod() + " " + entry.getResult())
        .containsExactly(
            "ReleaseLock OK", "AcquireLock ABORTED", "ReleaseLock OK", "AcquireLock OK");
    AuditEntry forced = entries.getFirst();
    assertThat(forced.getForced()).isTrue();
    assertThat(forced.getBranchName()).isEqualTo("main");
    assertThat(forced.getLockId()).isEqualTo(left.getLockId());
    assertThat(forced.getFencingToken()).isEqualTo(left.getFencingToken());
    assertThat(forced.getMessage()).contains("root", "alice", "object_type", "on holiday");
    assertThat(entries.get(1).getReason()).isEqualTo("LOCK_HELD");
    assertThat(entries.get(3).getLockId()).isNotEmpty().isEqualTo(entries.get(2).getLockId());
  }

  private void release(Lock lock) {
    var _ =
        server
            .locks()
            .releaseLock(
                ReleaseLockRequest.newBuilder()
                    .setLockId(lock.getLockId())
                    .setOwner(lock.getOwner())
                    .setFencingToken(lock.getFencingToken())
                    .build());
  }

  @Test
  void whatWasForcedOrUnsuccessfulSaysSo() throws IOException {
    ShadowIndex empty = server.startBuild("main");
    TestServer.write(empty, "segment", "");
    server.complete(empty, 0);
    server.switchTo(empty);
    server.stub().switchIndex(TestServer.switchRequest(empty).setForceSwitch(true).build());

    List<AuditEntry> entries = entriesOnceThereAre(4);

    assertThat(entries.get(0).getForced()).isTrue();
    assertThat(entries.get(0).getResult()).isEqualTo("OK");
    assertThat(entries.get(1).getForced()).isFalse();
    assertThat(entries.get(1).getResult()).isEqualTo("UNSUCCESSFUL");
  }

  @Test
  void whoWasRefusedHasAnEntryToo() {
    ShadowIndex build = server.startBuild("main");
    var _ = catchThrowable(() -> server.startBuild("main"));
    var _ = catchThrowable(() -> server.startBuild(".."));
    String id = UUID.randomUUID().toString();
    var _ =
        catchThrowable(
            () ->
                server
                    .stub()
                    .cancelBuild(
                        CancelBuildRequest.newBuilder()
                            .setShadowIndexId(id)
                            .setRequestId(id)
                            .build()));

    List<AuditEntry> entries = entriesOnceThereAre(4);

    assertThat(entries)
        .extracting(AuditEntry::getReason)
        .containsExactly("SHADOW_INDEX_NOT_FOUND", "INVALID_FIELD", "BUILD_ALREADY_EXISTS", "");
    assertThat(entries.get(0).getResult()).isEqualTo("NOT_FOUND");
    assertThat(entries.get(0).getShadowIndexId()).isEqualTo(id);
    assertThat(entries.get(0).getRequestId()).isEqualTo(id);
    assertThat(entries.get(1).getBranchName()).isEqualTo("..");
    assertThat(entries.get(1).getRevision()).isZero();
    assertThat(entries.get(3).getShadowIndexId()).isEqualTo(build.getShadowIndexId());
  }

  @Test
  void readsAndDryRunsAndProgressHaveNone() throws IOException {
    ShadowIndex build = server.startBuild("main");
    server.report(build, 10, 1);
    server.get(build);
    TestServer.write(build, "segment", "records");
    server.complete(build, 1);
    server.stub().switchIndex(TestServer.switchRequest(build).setValidateOnly(true).build());

    assertThat(entriesOnceThereAre(2))
        .extracting(AuditEntry::getMethod)
        .containsExactly("CompleteBuild", "StartBuild");
  }

  @Test
  void aChangeWhoseServerDiedHasAnEntryWithoutAResult() throws IOException {
    ShadowIndex build = server.built("main");
    observer =
        AtStep.run(
            SwitchStep.FLIP,
            () -> {
              // What is durable now is what a kill would leave.
              AuditEntry entry = entries(ListAuditEntriesRequest.newBuilder()).getFirst();
              assertThat(entry.getMethod()).isEqualTo("SwitchIndex");
              assertThat(entry.getResult()).isEmpty();
              assertThat(entry.getShadowIndexId()).isEqualTo(build.getShadowIndexId());
            });

    assertThat(server.switchTo(build).getSuccess()).isTrue();
  }

  @Test
  void entriesAreFilteredAndPaged() {
    ShadowIndex one = server.startBuild("one");
    server.cancel(one);
    server.startBuild("two");
    entriesOnceThereAre(3);

    assertThat(entries(ListAuditEntriesRequest.newBuilder().setBranchName("one"))).hasSize(2);
    assertThat(entries(ListAuditEntriesRequest.newBuilder().setMethod("StartBuild"))).hasSize(2);
    assertThat(entries(ListAuditEntriesRequest.newBuilder().setResult("ABORTED"))).isEmpty();
    assertThat(
            entries(ListAuditEntriesRequest.newBuilder().setShadowIndexId(one.getShadowIndexId())))
        .hasSize(2);
    assertThat(entries(ListAuditEntriesRequest.newBuilder().setPageSize(2)))
        .extracting(AuditEntry::getBranchName)
        .containsExactly("two", "one", "one");
  }

  @Test
  void entriesGoWhenTheyHaveBeenKeptLongEnough() {
    server.startBuild("main");
    entriesOnceThereAre(1);

    clock.advance(RETENTION.plusSeconds(1));

    await().until(() -> entries(ListAuditEntriesRequest.newBuilder()).isEmpty());
  }

  @Test
  void theFileHasALineForEachAndGrowsOverRestarts() throws IOException {
    server.startBuild("main");
    server.close();
    start();
    var _ = catchThrowable(() -> server.startBuild("main"));
    server.close();

    List<String> lines = Files.readAllLines(file);

    assertThat(lines).hasSize(2);
    assertThat(lines.get(0)).contains("\"method\":\"StartBuild\"", "\"result\":\"OK\"");
    assertThat(lines.get(1)).contains("\"reason\":\"BUILD_ALREADY_EXISTS\"");
    start();
  }

  @Test
  void theDirectoryOfTheFileMayGoAndComeBackWhileTheServerRuns() throws IOException {
    Path away = Files.move(file.getParent(), directory.resolve("away"));
    server.startBuild("lost");
    entriesOnceThereAre(1);
    server.startBuild("next"); // what is written of it comes after an attempt at the file
    entriesOnceThereAre(2);

    Files.move(away, file.getParent());
    server.startBuild("back");
    server.close();

    assertThat(Files.readAllLines(file))
        .anyMatch(line -> line.contains("\"branch_name\":\"back\""))
        .noneMatch(line -> line.contains("\"branch_name\":\"lost\""));
    start();
    assertThat(entriesOnceThereAre(3))
        .extracting(AuditEntry::getBranchName)
        .containsExactly("back", "next", "lost");
  }

  private static RollbackIndexRequest rollback() {
    return RollbackIndexRequest.newBuilder()
        .setBranchName("main")
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .build();
  }

  /** All entries, once that many have been completed, the newest first. */
  private List<AuditEntry> entriesOnceThereAre(int completed) {
    await()
        .until(
            () ->
                entries(ListAuditEntriesRequest.newBuilder()).stream()
                        .filter(entry -> !entry.getResult().isEmpty())
                        .count()
                    >= completed);
    return entries(ListAuditEntriesRequest.newBuilder());
  }

  private List<AuditEntry> entries(ListAuditEntriesRequest.Builder request) {
    var all = new ArrayList<AuditEntry>();
    ListAuditEntriesResponse page;
    do {
      page = server.stub().listAuditEntries(request.build());
      all.addAll(page.getEntriesList());
      request.setPageToken(page.getNextPageToken());
    } while (!page.getNextPageToken().isEmpty());
    return all;
  }
}
