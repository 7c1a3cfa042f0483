package io.shadowindex.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.rpc.ErrorInfo;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import io.shadowindex.client.cli.TestCertificates;
import io.shadowindex.server.ShadowIndexServer;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.AuditEntry;
import io.shadowindex.v1.AutoSwitch;
import io.shadowindex.v1.EndedLock;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListAuditEntriesRequest;
import io.shadowindex.v1.ListLocksRequest;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.RenewLockRequest;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that asks who calls lets nobody do what is not theirs to do. */
final class MisuseTest {

  /** From the least role to the one that may do everything. */
  private static final List<String> ROLES = List.of("viewer", "worker", "operator", "admin");

  /** The least role that each RPC needs when its request is empty. */
  private static final Map<String, List<String>> RPCS =
      Map.of(
          "viewer",
          List.of(
              "GetShadowIndex",
              "ListShadowIndexes",
              "GetIndex",
              "ListIndexes",
              "WatchBuild",
              "WatchBuilds",
              "ListLocks",
              "WatchLocks",
              "CheckWritePermission"),
          "worker",
          List.of(
              "StartBuild",
              "ReportProgress",
              "StreamProgress",
              "CompleteBuild",
              "FailBuild",
              "RetryBuild",
              "ClaimBuild",
              "RenewLock",
              "ReleaseLock"),
          "operator",
          List.of(
              "CancelBuild",
              "PauseBuild",
              "ResumeBuild",
              "SwitchIndex",
              "RollbackIndex",
              "CheckIndexes",
              "ListAuditEntries",
              "AcquireLock"),
          "admin",
          List.of("DeleteIndex", "BackUpState"));

  @TempDir private Path directory;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final List<Throwable> failures = new ArrayList<>();
  private Path credentials;
  private TestCertificates authority;
  private ShadowIndexServer server;

  @BeforeEach
  void startServer() throws Exception {
    authority = new TestCertificates(directory.resolve("ca"));
    authority.write("server", "localhost");
    credentials = Files.writeString(directory.resolve("credentials"), "");
    var lines = new ArrayList<String>();
    for (String role : ROLES) {
      lines.add(line(role, role, "*", "token-of-" + role));
    }
    lines.add(line("second", "worker", "*", "token-of-second"));
    lines.add(line("limited", "operator", "feature/*,hotfix", "token-of-limited"));
    lines.add("by-certificate worker * san:worker.example");
    Files.write(credentials, lines);
    server =
        ShadowIndexServer.start(
            ServerConfig.defaults()
                .with(Settings.LISTEN, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .with(Settings.DATA_DIR, directory.resolve("data"))
                .with(Settings.REHEARSE, false)
                .with(Settings.TLS_CERTIFICATES, Optional.of(authority.certificate("server")))
                .with(Settings.TLS_KEY, Optional.of(authority.key("server")))
                .with(Settings.TLS_CLIENT_AUTHORITIES, Optional.of(authority.authority()))
                .with(Settings.CREDENTIALS, Optional.of(credentials))
                .with(Settings.RELOAD_INTERVAL, Duration.ofMillis(20)),
            failures::add);
  }

  @AfterEach
  void stopServer() {
    channels.forEach(ManagedChannel::shutdownNow);
    server.close();
    assertThat(failures).isEmpty();
  }

  @Test
  void everyRpcRefusesWhoeverSaysNothingOrAnUnknownToken() throws Exception {
    for (MethodDescriptor<?, ?> method : methods()) {
      Status silent = call(channel(tls().build()), method);
      assertThat(silent.getCode()).as(method.getFullMethodName()).isEqualTo(Code.UNAUTHENTICATED);
      Status unknown = call(withToken("token-of-nobody"), method);
      assertThat(unknown.getCode()).as(method.getFullMethodName()).isEqualTo(Code.UNAUTHENTICATED);
    }
    assertThat(reason(refused(stub(channel(tls().build()))))).isEqualTo("CREDENTIAL_MISSING");
    assertThat(reason(refused(stub(withToken("token-of-nobody"))))).isEqualTo("CREDENTIAL_UNKNOWN");
    assertThat(reason(refused(stub(withHeader("Basic dXNlcjpwYXNz")))))
        .isEqualTo("CREDENTIAL_UNKNOWN");
  }

  @Test
  void everyRpcRefusesEveryRoleThatIsTooLow() throws Exception {
    var scanned = new ArrayList<String>();
    for (MethodDescriptor<?, ?> method : methods()) {
      String name = method.getBareMethodName();
      String needed =
          ROLES.stream()
              .filter(role -> RPCS.getOrDefault(role, List.of()).contains(name))
              .findFirst()
              .orElseThrow();
      for (String role : ROLES) {
        if (ROLES.indexOf(role) < ROLES.indexOf(needed)) {
          assertThat(call(withToken("token-of-" + role), method).getCode())
              .as("%s as %s", name, role)
              .isEqualTo(Code.PERMISSION_DENIED);
        } else if (method.getType().serverSendsOneMessage()) {
          assertThat(call(withToken("token-of-" + role), method).getCode())
              .as("%s as %s", name, role)
              .isIn(Code.OK, Code.INVALID_ARGUMENT);
        }
      }
      scanned.add(name);
    }
    assertThat(scanned)
        .containsExactlyInAnyOrderElementsOf(
            RPCS.values().stream().flatMap(Collection::stream).toList());
  }

  @Test
  void aConnectionThatIsNotWhatItShouldBeIsNone(@TempDir Path elsewhere) throws Exception {
    var other = new TestCertificates(elsewhere);
    other.write("stranger", "worker.example");
    authority.writeExpired("expired", "worker.example");

    assertThat(codeOver(InsecureChannelCredentials.create())).isEqualTo(Code.UNAVAILABLE);
    assertThat(
            codeOver(
                TlsChannelCredentials.newBuilder()
                    .trustManager(other.authority().toFile())
                    .build()))
        .isEqualTo(Code.UNAVAILABLE);
    assertThat(codeOver(withCertificate(other, "stranger"))).isEqualTo(Code.UNAVAILABLE);
    assertThat(codeOver(withCertificate(authority, "expired"))).isEqualTo(Code.UNAVAILABLE);
  }

  @Test
  void aCertificateIsWhoeverTheFileSaysAndNobodyElse() throws Exception {
    authority.write("worker", "worker.example");
    authority.write("unlisted", "unlisted.example");

    ShadowIndex build = start(stub(channel(withCertificate(authority, "worker"))), "main");

    assertThat(audit().getPrincipal()).isEqualTo("by-certificate");
    assertThat(audit().getShadowIndexId()).isEqualTo(build.getShadowIndexId());
    assertThat(reason(refused(stub(channel(withCertificate(authority, "unlisted"))))))
        .isEqualTo("CREDENTIAL_MISSING");
  }

  @Test
  void aWorkerWorksOnItsOwnBuildsAndSwitchesToNone() throws Exception {
    ShadowIndex build = start(stub(withToken("token-of-worker")), "main");

    report(stub(withToken("token-of-worker")), build);
    report(stub(withToken("token-of-operator")), build);
    assertThat(reason(refused(() -> report(stub(withToken("token-of-second")), build))))
        .isEqualTo("NOT_BUILD_OWNER");
    assertThat(
            reason(
                refused(
                    () ->
                        stub(withToken("token-of-worker"))
                            .startBuild(
                                startRequest("other")
                                    .setAutoSwitch(AutoSwitch.newBuilder().setEnabled(true))
                                    .build()))))
        .isEqualTo("ROLE_TOO_LOW");
    assertThat(audit().getReason()).isEqualTo("ROLE_TOO_LOW");
    assertThat(audit().getPrincipal()).isEqualTo("worker");
  }

  @Test
  void aWorkerHoldsLeasesWhileItWritesAndLocksNobodyOut() throws Exception {
    Lock lease = locks("token-of-worker").acquireLock(lease(Lock.Mode.SHARED)).getLock();

    var renew =
        RenewLockRequest.newBuilder()
            .setLockId(lease.getLockId())
            .setOwner("indexer")
            .setFencingToken(lease.getFencingToken())
            .build();
    assertThat(locks("token-of-worker").renewLock(renew).getLock().getLockId())
        .isEqualTo(lease.getLockId());
    var release =
        ReleaseLockRequest.newBuilder()
            .setLockId(lease.getLockId())
            .setOwner("indexer")
            .setFencingToken(lease.getFencingToken())
            .build();
    for (var misuse :
        List.<ThrowingCallable>of(
            () -> locks("token-of-worker").acquireLock(lease(Lock.Mode.EXCLUSIVE)),
            () -> locks("token-of-viewer").acquireLock(lease(Lock.Mode.SHARED)),
            () -> locks("token-of-second").renewLock(renew),
            () -> locks("token-of-second").releaseLock(release))) {
      assertThat(reason(refused(misuse))).isEqualTo("ROLE_TOO_LOW");
    }
    assertThat(locks("token-of-worker").releaseLock(release).getReleasedLock().getLockId())
        .isEqualTo(lease.getLockId());
    assertThat(reason(refused(() -> locks("token-of-worker").releaseLock(release))))
        .isEqualTo("LOCK_NOT_FOUND");
  }

  private static AcquireLockRequest lease(Lock.Mode mode) {
    return AcquireLockRequest.newBuilder()
        .setBranchName("main")
        .setScope(Lock.Scope.RESOURCE_TYPE)
        .setResourceType("object_type")
        .setMode(mode)
        .setOwner("indexer")
        .setTtlSeconds(60)
        .build();
  }

  @Test
  void onlyAnAdministratorTakesALockAway() throws Exception {
    var release =
        ReleaseLockRequest.newBuilder()
            .setLockId(UUID.randomUUID().toString())
            .setOwner("me")
            .setForceRelease(true)
            .setReason("because")
            .build();

    assertThat(reason(refused(() -> locks("token-of-operator").releaseLock(release))))
        .isEqualTo("ROLE_TOO_LOW");
    assertThat(reason(refused(() -> locks("token-of-admin").releaseLock(release))))
        .isEqualTo("LOCK_NOT_FOUND");
  }

  @Test
  void whoTookALockAwayIsWhomTheCredentialsNameWhateverTheCallSays() throws Exception {
    Lock lock = locks("token-of-operator").acquireLock(lease(Lock.Mode.EXCLUSIVE)).getLock();
    var _ =
        locks("token-of-admin")
            .releaseLock(
                ReleaseLockRequest.newBuilder()
                    .setLockId(lock.getLockId())
                    .setOwner("somebody-else")
                    .setForceRelease(true)
                    .setReason("because")
                    .build());

    var request = ListLocksRequest.newBuilder().setShowEnded(true).build();
    assertThat(locks("token-of-admin").listLocks(request).getEndedLocksList())
        .extracting(EndedLock::getEndedBy)
        .containsExactly("admin");
  }

  @Test
  void whoMayUseSomeBranchesIsNotToldOfOthers() throws Exception {
    ShadowIndex foreign = start(stub(withToken("token-of-worker")), "main");
    var limited = stub(withToken("token-of-limited"));

    ShadowIndex own = start(limited, "feature/a/b");

    assertThat(get(limited, own.getShadowIndexId()).getBranchName()).isEqualTo("feature/a/b");
    assertThat(
            limited
                .listShadowIndexes(
                    ListShadowIndexesRequest.newBuilder().setBranchName("hotfix").build())
                .getShadowIndexesCount())
        .isZero();
    for (var misuse :
        List.<ThrowingCallable>of(
            () -> start(limited, "main"),
            () -> start(limited, "hotfix2"),
            () -> get(limited, foreign.getShadowIndexId()),
            () -> get(limited, UUID.randomUUID().toString()),
            () -> limited.listShadowIndexes(ListShadowIndexesRequest.getDefaultInstance()))) {
      assertThat(reason(refused(misuse))).isEqualTo("BRANCH_NOT_ALLOWED");
    }
  }

  @Test
  void aTokenThatIsWithdrawnIsRefusedWithoutARestart() throws Exception {
    var viewer = stub(withToken("token-of-viewer"));
    var fresh = stub(withToken("token-of-fresh"));

    Files.writeString(credentials, line("fresh", "viewer", "*", "token-of-fresh"));
    await().until(() -> isRefused(viewer));
    list(fresh);
  }

  @Test
  void aNewCertificateCountsWithoutARestart(@TempDir Path elsewhere) throws Exception {
    var other = new TestCertificates(elsewhere);
    other.write("server", "localhost");
    ChannelCredentials trusting =
        TlsChannelCredentials.newBuilder().trustManager(other.authority().toFile()).build();
    assertThat(codeOver(trusting)).isEqualTo(Code.UNAVAILABLE);

    Files.writeString(
        authority.certificate("server"), Files.readString(other.certificate("server")));
    await()
        .during(Duration.ofMillis(200))
        .untilAsserted(() -> assertThat(codeOver(tls().build())).isEqualTo(Code.UNAUTHENTICATED));
    Files.copy(other.key("server"), directory.resolve("new"));
    Files.move(directory.resolve("new"), authority.key("server"), REPLACE_EXISTING);

    await().untilAsserted(() -> assertThat(codeOver(trusting)).isEqualTo(Code.UNAUTHENTICATED));
  }

  @Test
  void whetherTheServerIsWellIsToldToEverybody() {
    assertThat(
            HealthGrpc.newBlockingStub(channel(tls().build()))
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
  }

  private static List<MethodDescriptor<?, ?>> methods() {
    return Stream.of(
            ShadowIndexServiceGrpc.getServiceDescriptor(),
            LockServiceGrpc.getServiceDescriptor(),
            AdminServiceGrpc.getServiceDescriptor())
        .<MethodDescriptor<?, ?>>flatMap(service -> service.getMethods().stream())
        .toList();
  }

  private TlsChannelCredentials.Builder tls() {
    try {
      return TlsChannelCredentials.newBuilder().trustManager(authority.authority().toFile());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private ChannelCredentials withCertificate(TestCertificates from, String name)
      throws IOException {
    return tls().keyManager(from.certificate(name).toFile(), from.key(name).toFile()).build();
  }

  private ManagedChannel channel(ChannelCredentials with) {
    ManagedChannel channel =
        Grpc.newChannelBuilderForAddress("localhost", server.port(), with).build();
    channels.add(channel);
    return channel;
  }

  private Channel withToken(String token) {
    return withHeader("Bearer " + token);
  }

  private Channel withHeader(String authorization) {
    var headers = new Metadata();
    headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), authorization);
    if (channels.isEmpty()) {
      channel(tls().build());
    }
    return ClientInterceptors.intercept(
        channels.getFirst(), MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static ShadowIndexServiceBlockingStub stub(Channel channel) {
    return ShadowIndexServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, SECONDS);
  }

  private LockServiceGrpc.LockServiceBlockingStub locks(String token) {
    return LockServiceGrpc.newBlockingStub(withToken(token)).withDeadlineAfter(30, SECONDS);
  }

  /** How a call with an empty request ends. */
  private static <ReqT, RespT> Status call(Channel channel, MethodDescriptor<ReqT, RespT> method)
      throws Exception {
    var ended = new CompletableFuture<Status>();
    ClientCall<ReqT, RespT> call =
        channel.newCall(method, CallOptions.DEFAULT.withDeadlineAfter(30, SECONDS));
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            ended.complete(status);
          }
        },
        new Metadata());
    call.request(2);
    call.sendMessage(emptyRequest(method));
    call.halfClose();
    return ended.get(60, SECONDS);
  }

  private static <ReqT> ReqT emptyRequest(MethodDescriptor<ReqT, ?> method) {
    return Objects.requireNonNull(
        ((PrototypeMarshaller<ReqT>) method.getRequestMarshaller()).getMessagePrototype());
  }

  private Code codeOver(ChannelCredentials with) throws Exception {
    ManagedChannel channel = channel(with);
    try {
      return call(channel, ShadowIndexServiceGrpc.getListShadowIndexesMethod()).getCode();
    } finally {
      channel.shutdownNow();
    }
  }

  private static ShadowIndex start(ShadowIndexServiceBlockingStub stub, String branch) {
    return stub.startBuild(startRequest(branch).build()).getShadowIndex();
  }

  private static StartBuildRequest.Builder startRequest(String branch) {
    return StartBuildRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .addResourceTypes("object_type");
  }

  private static void report(ShadowIndexServiceBlockingStub stub, ShadowIndex build) {
    var _ =
        stub.reportProgress(
            ReportProgressRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build());
  }

  private static ShadowIndex get(ShadowIndexServiceBlockingStub stub, String id) {
    return stub.getShadowIndex(GetShadowIndexRequest.newBuilder().setShadowIndexId(id).build())
        .getShadowIndex();
  }

  private static void list(ShadowIndexServiceBlockingStub stub) {
    var _ = stub.listShadowIndexes(ListShadowIndexesRequest.getDefaultInstance());
  }

  /** The newest entry of the audit log. */
  private AuditEntry audit() {
    return await()
        .until(
            () ->
                stub(withToken("token-of-operator"))
                    .listAuditEntries(ListAuditEntriesRequest.newBuilder().setPageSize(1).build())
                    .getEntriesList()
                    .stream()
                    .findFirst()
                    .filter(entry -> !entry.getResult().isEmpty()),
            Optional::isPresent)
        .orElseThrow();
  }

  private static boolean isRefused(ShadowIndexServiceBlockingStub stub) {
    try {
      list(stub);
      return false;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode() == Code.UNAUTHENTICATED;
    }
  }

  private static StatusRuntimeException refused(ShadowIndexServiceBlockingStub stub) {
    return refused(() -> list(stub));
  }

  private static StatusRuntimeException refused(ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call);
  }

  private static String reason(StatusRuntimeException refused) throws IOException {
    com.google.rpc.Status status = StatusProto.fromThrowable(refused);
    if (status == null) {
      throw new AssertionError("no details", refused);
    }
    return status.getDetails(0).unpack(ErrorInfo.class).getReason();
  }

  private static String line(String name, String role, String branches, String token)
      throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8));
    return "%s %s %s sha256:%s".formatted(name, role, branches, HexFormat.of().formatHex(hash));
  }
}
