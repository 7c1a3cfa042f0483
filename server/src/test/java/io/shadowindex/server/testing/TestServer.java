package io.shadowindex.server.testing;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import io.shadowindex.server.ShadowIndexServer;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.lock.LockStore.LockFilter;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.LockServiceGrpc.LockServiceBlockingStub;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real server in this process, on a free loopback port, and a client of it. */
public final class TestServer implements AutoCloseable {

  private final ShadowIndexServer server;
  private final ManagedChannel channel;
  private final List<Throwable> failures = new ArrayList<>();

  private TestServer(ServerConfig config, Environment environment) throws IOException {
    this.server = ShadowIndexServer.start(config, environment, failures::add);
    this.channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
  }

  public static TestServer start(Path directory) throws IOException {
    return start(directory, Environment.real());
  }

  public static TestServer start(Path directory, Environment environment) throws IOException {
    return start(config(directory), environment);
  }

  public static TestServer start(ServerConfig config, Environment environment) throws IOException {
    return new TestServer(config, environment);
  }

  /** The defaults, with data and index in that directory and a port of its own. */
  public static ServerConfig config(Path directory) {
    return ServerConfig.defaults()
        .with(Settings.LISTEN, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .with(Settings.DATA_DIR, directory)
        .with(Settings.INDEX_ROOT, directory.resolve("index"))
        .with(Settings.REHEARSE, false);
  }

  /** The same with copies served from elsewhere, and quick to delete what may go. */
  public static ServerConfig withServeRoot(ServerConfig config, Path serveRoot) {
    return withQuickHousekeeping(config).with(Settings.SERVE_ROOT, serveRoot);
  }

  /** The same with whatever is done now and then done many times a second. */
  public static ServerConfig withQuickHousekeeping(ServerConfig config) {
    return config
        .with(Settings.PROGRESS_FLUSH, Duration.ofMillis(20))
        .with(Settings.SWEEP_INTERVAL, Duration.ofMillis(20));
  }

  public ShadowIndexServer server() {
    return server;
  }

  public ManagedChannel channel() {
    return channel;
  }

  /** The resource types of a branch that are locked now. */
  public List<String> lockedResourceTypes(String branch) {
    return server.lockStore().list(new LockFilter(branch, null, null), 0, 100).stream()
        .flatMap(lease -> lease.name().resourceTypes().stream())
        .sorted()
        .toList();
  }

  /** A stub of the locks with a deadline, so that no test hangs. */
  public LockServiceBlockingStub locks() {
    return LockServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  /** Failures after which a real process would end. */
  public List<Throwable> failures() {
    return failures;
  }

  /** A stub with a deadline, so that no test hangs. */
  public ShadowIndexServiceBlockingStub stub() {
    return ShadowIndexServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  /** Starts a build of the search index of a branch that covers {@code object_type}. */
  public ShadowIndex startBuild(String branch) {
    return stub()
        .startBuild(
            StartBuildRequest.newBuilder()
                .setBranchName(branch)
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .addResourceTypes("object_type")
                .build())
        .getShadowIndex();
  }

  /** Writes one file, as a worker would. */
  public static Path write(ShadowIndex build, String name, String content) throws IOException {
    Path file = Path.of(build.getShadowIndexPath()).resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  /** Reports progress, as a worker would. */
  public void report(ShadowIndex build, int percent, long records) {
    var _ =
        stub()
            .reportProgress(
                ReportProgressRequest.newBuilder()
                    .setShadowIndexId(build.getShadowIndexId())
                    .setProgressPercent(percent)
                    .setRecordCount(records)
                    .build());
  }

  /** Gives a build up. */
  public ShadowIndex cancel(ShadowIndex build) {
    return stub()
        .cancelBuild(
            CancelBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build())
        .getShadowIndex();
  }

  /** Declares a build failed. */
  public ShadowIndex fail(ShadowIndex build) {
    return stub()
        .failBuild(
            FailBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setErrorMessage("failed")
                .build())
        .getShadowIndex();
  }

  /** Begins the next attempt. */
  public ShadowIndex retry(ShadowIndex build) {
    return stub()
        .retryBuild(
            RetryBuildRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build())
        .getShadowIndex();
  }

  /** The build as it is now. */
  public ShadowIndex get(ShadowIndex build) {
    return stub()
        .getShadowIndex(
            GetShadowIndexRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build())
        .getShadowIndex();
  }

  /** Completes a build that has the given number of records. */
  public ShadowIndex complete(ShadowIndex build, long records) {
    return stub()
        .completeBuild(
            CompleteBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setRecordCount(records)
                .build())
        .getShadowIndex();
  }

  /** A completed build with one file. */
  public ShadowIndex built(String branch) throws IOException {
    ShadowIndex build = startBuild(branch);
    write(build, "segment", "records of " + build.getShadowIndexId());
    return complete(build, 100);
  }

  public SwitchIndexResponse switchTo(ShadowIndex build) {
    return stub().switchIndex(switchRequest(build).build());
  }

  /** A switch to the build that keeps the old generation. */
  public static SwitchIndexRequest.Builder switchRequest(ShadowIndex build) {
    return SwitchIndexRequest.newBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setBackupCurrent(true);
  }

  /** The reason in the ErrorInfo of a refused call; fails when there is none. */
  public static String reason(StatusRuntimeException refused) {
    return errorInfo(refused).getReason();
  }

  /** The ErrorInfo of a refused call; fails when there is none. */
  public static com.google.rpc.ErrorInfo errorInfo(StatusRuntimeException refused) {
    return detail(refused, com.google.rpc.ErrorInfo.class);
  }

  /** One detail of a refused call; fails when there is none of that type. */
  public static <T extends com.google.protobuf.Message> T detail(
      StatusRuntimeException refused, Class<T> type) {
    com.google.rpc.Status status = StatusProto.fromThrowable(refused);
    if (status == null) {
      throw new AssertionError("no status details", refused);
    }
    for (var any : status.getDetailsList()) {
      if (any.is(type)) {
        try {
          return any.unpack(type);
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    throw new AssertionError("no " + type.getSimpleName() + " in " + status, refused);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
  }
}
