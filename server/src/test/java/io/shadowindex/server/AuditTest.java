package io.shadowindex.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.ManualClock;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.AuditEntry;
import io.shadowindex.v1.AutoSwitch;
import io.shadowindex.v1.BackUpStateRequest;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListAuditEntriesRequest;
import io.shadowindex.v1.ListAuditEntriesResponse;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who changed what can be read afterwards, and who was refused to. */
final class AuditTest {

  private static final Duration RETENTION = Duration.ofDays(7);
  private static final Duration NEVER = Duration.ofHours(1);

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
    server = started(TestServer.withQuickHousekeeping(config("data")));
  }

  private TestServer started(ServerConfig config) throws IOException {
    return TestServer.start(
        config, new Environment(clock, FileOperations.real(), step -> observer.before(step)));
  }

  private ServerConfig config(String data) {
    return TestServer.config(directory.resolve(data))
        .with(Settings.AUDIT_LOG, Optional.of(file))
        .with(Settings.AUDIT_RETENTION, RETENTION);
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
  void whatAKilledServerHadNotCompletedIsInTheFileAfterTheNextStart() throws IOException {
    ShadowIndex build = startedAndKilled();
    file = directory.resolve("after-the-kill.jsonl");
    server = started(config("killed").with(Settings.PROGRESS_FLUSH, NEVER));

    AuditEntry lost = entriesOnceThereAre(1).getFirst();
    assertThat(lost.getResult()).isEqualTo("UNKNOWN");
    assertThat(lost.getMessage()).startsWith("the server ended before");
    assertThat(lost.getShadowIndexId()).isEqualTo(build.getShadowIndexId());
    assertThat(lost.getRevision()).isPositive();
    server.close();
    server = started(config("killed"));
    server.close();
    assertThat(Files.readAllLines(file))
        .singleElement()
        .asString()
        .contains(
            "\"method\":\"StartBuild\"", "\"result\":\"UNKNOWN\"", "\"branch_name\":\"main\"");
    start();
  }

  @Test
  void whatAKilledServerHadWrittenToTheFileAloneIsNotThereTwice() throws IOException {
    var _ = startedAndKilled(); // its entry is in the file since the server was closed
    List<String> written = Files.readAllLines(file);
    assertThat(written).last().asString().contains("\"result\":\"OK\"");

    server = started(config("killed"));

    assertThat(entriesOnceThereAre(1).getFirst().getResult()).isEqualTo("UNKNOWN");
    server.close();
    assertThat(Files.readAllLines(file)).isEqualTo(written);
    start();
  }

  @Test
  void whatAKilledServerHadWrittenOnlyAPartOfIsWrittenWhole() throws IOException {
    ShadowIndex build = startedAndKilled();
    String written = Files.readString(file);
    Files.writeString(file, written.substring(0, written.length() - 10));

    server = started(config("killed"));
    var _ = entriesOnceThereAre(1);
    server.close();

    assertThat(Files.readAllLines(file))
        .last()
        .asString()
        .contains(build.getShadowIndexId(), "\"result\":\"UNKNOWN\"")
        .endsWith("}");
    start();
  }

  /** A build of which a copy of the state, {@code killed}, does not have how its start ended. */
  private ShadowIndex startedAndKilled() throws IOException {
    server.close();
    server = started(config("data").with(Settings.PROGRESS_FLUSH, NEVER));
    ShadowIndex build = server.startBuild("main");
    assertThat(entries(ListAuditEntriesRequest.newBuilder()))
        .singleElement()
        .extracting(AuditEntry::getResult)
        .isEqualTo("");
    Path state = directory.resolve("data/state");
    Path killed = Files.createDirectories(directory.resolve("killed/state"));
    try (var files = Files.newDirectoryStream(state)) {
      for (Path each : files) {
        Files.copy(each, killed.resolve(each.getFileName()));
      }
    }
    server.close();
    return build;
  }

  @Test
  void aSwitchThatTheServerMakesByItselfHasAnEntryInTheNameOfWhoStartedTheBuild() throws Exception {
    server.close();
    Path credentials =
        Files.writeString(
            directory.resolve("credentials"),
            "ann operator * sha256:%s\n".formatted(hash("secret")));
    server =
        started(
            TestServer.withQuickHousekeeping(config("data"))
                .with(Settings.CREDENTIALS, Optional.of(credentials)));
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer secret");
    var stub = server.stub().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    ShadowIndex build = stub.startBuild(switchedAutomatically()).getShadowIndex();
    TestServer.write(build, "segment", "records");
    var _ = stub.completeBuild(completed(build, 0)); // with no records, it is refused

    var automatic =
        ListAuditEntriesRequest.newBuilder().setMethod("AutoSwitch").setResult("UNSUCCESSFUL");
    await().until(() -> stub.listAuditEntries(automatic.build()).getEntriesCount() == 1);

    AuditEntry entry = stub.listAuditEntries(automatic.build()).getEntries(0);
    assertThat(entry.getPrincipal()).isEqualTo("ann");
    assertThat(entry.getPeer()).isEmpty();
    assertThat(entry.getShadowIndexId()).isEqualTo(build.getShadowIndexId());
  }

  @Test
  void aSwitchThatTheServerMakesByItselfHasAnEntryOfItsEffect() throws IOException {
    ShadowIndex build = server.stub().startBuild(switchedAutomatically()).getShadowIndex();
    TestServer.write(build, "segment", "records");
    observer =
        AtStep.run(
            SwitchStep.FLIP,
            () ->
                assertThat(entries(ListAuditEntriesRequest.newBuilder().setMethod("AutoSwitch")))
                    .singleElement()
                    .extracting(AuditEntry::getResult)
                    .isEqualTo(""));
    ShadowIndex completed = server.complete(build, 100);

    AuditEntry entry = entriesOnceThereAre(3).getFirst();

    assertThat(entry.getMethod()).isEqualTo("AutoSwitch");
    assertThat(entry.getResult()).isEqualTo("OK");
    assertThat(entry.getMessage()).startsWith("Index switch completed");
    assertThat(entry.getBranchName()).isEqualTo("main");
    assertThat(entry.getIndexType()).isEqualTo("SEARCH_INDEX");
    assertThat(entry.getIndexName()).isEqualTo("default");
    assertThat(entry.getFencingToken()).isEqualTo(build.getFencingToken());
    assertThat(entry.getRevision()).isGreaterThan(completed.getRevision());
    await().until(() -> Files.readString(file).contains("\"method\":\"AutoSwitch\""));
  }

  @Test
  void anAutomaticSwitchThatCannotBeTriedHasAnEntryWithTheReason() throws IOException {
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                switchedAutomatically().toBuilder()
                    .setAutoSwitch(
                        AutoSwitch.newBuilder().setEnabled(true).setSwitchTimeoutSeconds(1))
                    .build())
            .getShadowIndex();
    TestServer.write(build, "segment", "records");
    var _ =
        server
            .locks()
            .acquireLock(
                AcquireLockRequest.newBuilder()
                    .setBranchName("main")
                    .setScope(Lock.Scope.RESOURCE_TYPE)
                    .setResourceType("object_type")
                    .setOwner("alice")
                    .setTtlSeconds(60)
                    .build());
    var _ = server.complete(build, 100);

    AuditEntry entry = entriesOnceThereAre(4).getFirst();

    assertThat(entry.getMethod()).isEqualTo("AutoSwitch");
    assertThat(entry.getResult()).isEqualTo("ABORTED");
    assertThat(entry.getReason()).isEqualTo("LOCK_HELD");
    assertThat(entry.getRevision()).isZero();
  }

  @Test
  void backupsHaveEntriesHoweverTheyEnd() throws Exception {
    var random = new Random(1);
    for (int i = 0; i < 100; i++) { // more than fits on the way to a client that reads little
      var _ =
          server
              .stub()
              .failBuild(
                  FailBuildRequest.newBuilder()
                      .setShadowIndexId(server.startBuild("main").getShadowIndexId())
                      .setErrorMessage(text(random, 4096))
                      .build());
    }
    var backups = AdminServiceGrpc.newBlockingStub(server.channel());
    backups.backUpState(BackUpStateRequest.getDefaultInstance()).forEachRemaining(piece -> {});
    assertThat(entriesOnceThereAre(201).getFirst())
        .extracting(AuditEntry::getMethod, AuditEntry::getResult)
        .containsExactly("BackUpState", "OK");

    ManagedChannel narrow =
        NettyChannelBuilder.forAddress("127.0.0.1", server.server().port())
            .usePlaintext()
            .flowControlWindow(1 << 16)
            .build();
    try {
      var pieces =
          AdminServiceGrpc.newBlockingV2Stub(narrow)
              .backUpState(BackUpStateRequest.getDefaultInstance());
      assertThat(pieces.read()).isNotNull();
      pieces.cancel("enough", null);

      assertThat(entriesOnceThereAre(202).getFirst())
          .extracting(AuditEntry::getMethod, AuditEntry::getResult)
          .containsExactly("BackUpState", "CANCELLED");
    } finally {
      narrow.shutdownNow();
    }
  }

  private static String text(Random random, int length) {
    return random
        .ints(length, 'a', 'z' + 1)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static StartBuildRequest switchedAutomatically() {
    return StartBuildRequest.newBuilder()
        .setBranchName("main")
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .addResourceTypes("object_type")
        .setAutoSwitch(AutoSwitch.newBuilder().setEnabled(true))
        .build();
  }

  private static CompleteBuildRequest completed(ShadowIndex build, long records) {
    return CompleteBuildRequest.newBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setRecordCount(records)
        .build();
  }

  private static String hash(String token) throws NoSuchAlgorithmException {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8)));
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
