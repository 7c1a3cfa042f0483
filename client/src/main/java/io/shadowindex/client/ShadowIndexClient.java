package io.shadowindex.client;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.StatusRuntimeException;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AcquireLockResponse;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.BackUpStateRequest;
import io.shadowindex.v1.BackUpStateResponse;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CancelBuildResponse;
import io.shadowindex.v1.CheckIndexesRequest;
import io.shadowindex.v1.CheckIndexesResponse;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.CheckWritePermissionResponse;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.ClaimBuildResponse;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.CompleteBuildResponse;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.DeleteIndexResponse;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.FailBuildResponse;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.GetIndexResponse;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.GetShadowIndexResponse;
import io.shadowindex.v1.ListAuditEntriesRequest;
import io.shadowindex.v1.ListAuditEntriesResponse;
import io.shadowindex.v1.ListIndexesRequest;
import io.shadowindex.v1.ListIndexesResponse;
import io.shadowindex.v1.ListLocksRequest;
import io.shadowindex.v1.ListLocksResponse;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ListShadowIndexesResponse;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.LockServiceGrpc.LockServiceBlockingStub;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.PauseBuildResponse;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ReleaseLockResponse;
import io.shadowindex.v1.RenewLockRequest;
import io.shadowindex.v1.RenewLockResponse;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ReportProgressResponse;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.ResumeBuildResponse;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.RetryBuildResponse;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.StartBuildResponse;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchLocksRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Iterator;
import java.util.UUID;
import java.util.function.Function;

/**
 * A connection to one ShadowIndex server, for any number of threads.
 *
 * {@snippet file="ConnectExample.java" region="example"}
 *
 * <p>Every method blocks until the server has answered, and throws a {@link ShadowIndexException}
 * when it refused, could not be reached or did not answer within the deadline ({@link
 * ShadowIndexClientBuilder#callDeadline}). What an OK answer says has been made durable by the
 * server, whatever happens to either process afterwards.
 *
 * <p>Calls are repeated while their answer is lost, because the connection broke or the server was
 * restarted, within their deadline and {@link ShadowIndexClientBuilder#patience}. Those that change
 * a build or an index carry a {@code request_id}, a new one unless the request has one, and so have
 * one effect all the same. To repeat a call oneself, perhaps in another process, set the {@code
 * request_id}; the same request then gets the first answer again. Only a SHARED lock without one is
 * asked for once.
 */
public final class ShadowIndexClient implements AutoCloseable {
  private static final int DEFAULT_SWITCH_TIMEOUT_SECONDS = 10;

  private final Connection connection;
  private final Limits limits;

  ShadowIndexClient(Connection connection) {
    this.connection = connection;
    this.limits = connection.limits();
  }

  /**
   * Begins a connection that needs more than an address: TLS, a token, other deadlines.
   *
   * @param address {@code HOST:PORT}, as {@link ServerAddress#parse} reads it
   * @throws IllegalArgumentException when the address is not of that form
   */
  public static ShadowIndexClientBuilder builder(String address) {
    return builder(ServerAddress.parse(address));
  }

  /** Begins a connection that needs more than an address: TLS, a token, other deadlines. */
  public static ShadowIndexClientBuilder builder(ServerAddress address) {
    return new ShadowIndexClientBuilder(address);
  }

  /**
   * Prepares a connection, plaintext to this machine and TLS to any other; the first call opens it.
   *
   * @param address {@code HOST:PORT}, as {@link ServerAddress#parse} reads it
   * @throws IllegalArgumentException when the address is not of that form
   */
  public static ShadowIndexClient connect(String address) {
    return builder(address).build();
  }

  /**
   * Prepares a connection, plaintext to this machine and TLS to any other; the first call opens it.
   */
  public static ShadowIndexClient connect(ServerAddress address) {
    return builder(address).build();
  }

  /** The version of this library, as its jar says; {@code dev} for classes that are in none. */
  public static String version() {
    String version = ShadowIndexClient.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }

  /** Starts a build. Another one of the same index is refused with BUILD_ALREADY_EXISTS. */
  public StartBuildResponse startBuild(StartBuildRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(limits.call(), stub -> stub.startBuild(repeatable));
  }

  /** Reports how far a build is; also its worker's heartbeat. */
  public ReportProgressResponse reportProgress(ReportProgressRequest request) {
    return repeated(limits.call(), stub -> stub.reportProgress(request));
  }

  /** Completes a build; takes the server as long as reading the index once, 2 hours at most. */
  public CompleteBuildResponse completeBuild(CompleteBuildRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(limits.reading(), stub -> stub.completeBuild(repeatable));
  }

  /** Declares a build failed. */
  public FailBuildResponse failBuild(FailBuildRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(limits.call(), stub -> stub.failBuild(repeatable));
  }

  /** Gives a build up. */
  public CancelBuildResponse cancelBuild(CancelBuildRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(limits.call(), stub -> stub.cancelBuild(repeatable));
  }

  /** Starts a failed build again, in an empty directory and with a new fencing token. */
  public RetryBuildResponse retryBuild(RetryBuildRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(limits.call(), stub -> stub.retryBuild(repeatable));
  }

  /**
   * Switches to a built generation. A switch that validation or verification refuses is an ordinary
   * answer whose {@code success} is false. The deadline is the request's own timeout and two hours,
   * for its checks and copies.
   */
  public SwitchIndexResponse switchIndex(SwitchIndexRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(
        switchDeadline(request.getSwitchTimeoutSeconds()), stub -> stub.switchIndex(repeatable));
  }

  /** Makes a superseded generation live again; answers and deadline are as with a switch. */
  public RollbackIndexResponse rollbackIndex(RollbackIndexRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(
        switchDeadline(request.getSwitchTimeoutSeconds()), stub -> stub.rollbackIndex(repeatable));
  }

  /** Takes an index out of service; the deadline is as with a switch. */
  public DeleteIndexResponse deleteIndex(DeleteIndexRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(
        switchDeadline(request.getSwitchTimeoutSeconds()), stub -> stub.deleteIndex(repeatable));
  }

  /** Says where live links, database and files do not agree. */
  public CheckIndexesResponse checkIndexes(CheckIndexesRequest request) {
    return repeated(limits.reading(), stub -> stub.checkIndexes(request));
  }

  private Duration switchDeadline(int timeoutSeconds) {
    return Duration.ofSeconds(timeoutSeconds == 0 ? DEFAULT_SWITCH_TIMEOUT_SECONDS : timeoutSeconds)
        .plus(limits.reading());
  }

  /** Answers one build. */
  public GetShadowIndexResponse getShadowIndex(GetShadowIndexRequest request) {
    return repeated(limits.call(), stub -> stub.getShadowIndex(request));
  }

  /** Answers one page of builds, newest first. */
  public ListShadowIndexesResponse listShadowIndexes(ListShadowIndexesRequest request) {
    return repeated(limits.call(), stub -> stub.listShadowIndexes(request));
  }

  /** Answers one index: the path that readers open, its live and its retained generations. */
  public GetIndexResponse getIndex(GetIndexRequest request) {
    return repeated(limits.call(), stub -> stub.getIndex(request));
  }

  /** Answers one page of indexes, ordered by branch, type and name. */
  public ListIndexesResponse listIndexes(ListIndexesRequest request) {
    return repeated(limits.call(), stub -> stub.listIndexes(request));
  }

  /** Answers one page of the audit log, newest first. */
  public ListAuditEntriesResponse listAuditEntries(ListAuditEntriesRequest request) {
    return repeated(limits.call(), stub -> stub.listAuditEntries(request));
  }

  /**
   * Writes a backup of the server's state, of which {@code shadowindex-server restore} makes a
   * state again, and answers its size in bytes. Not repeated, since part of it may be written: what
   * came before an exception is no backup.
   *
   * @throws IOException when it cannot be written
   */
  public long backUpState(OutputStream out) throws IOException {
    CancellableContext whileReading = Context.current().withCancellation();
    Context before = whileReading.attach();
    try {
      Iterator<BackUpStateResponse> pieces =
          AdminServiceGrpc.newBlockingStub(connection.channel())
              .withDeadlineAfter(limits.reading())
              .backUpState(BackUpStateRequest.getDefaultInstance());
      long size = 0;
      while (pieces.hasNext()) {
        ByteString content = pieces.next().getContent();
        content.writeTo(out);
        size += content.size();
      }
      return size;
    } catch (StatusRuntimeException e) {
      throw connection.explained(e);
    } finally {
      whileReading.detach(before);
      whileReading.cancel(null);
    }
  }

  /**
   * Watches one build, without a deadline, until it is final or the watch is closed.
   *
   * @param patience for how long the watch tries to connect again when the server goes away; zero
   *     not to try
   */
  public BuildWatch watchBuild(WatchBuildRequest request, Duration patience) {
    return new BuildWatch(connection, request, patience);
  }

  /** Watches one build, and survives restarts of the server. */
  public BuildWatch watchBuild(WatchBuildRequest request) {
    return watchBuild(request, limits.patience());
  }

  /** Watches all builds that match, and survives restarts of the server. */
  public BuildsWatch watchBuilds(WatchBuildsRequest request) {
    return new BuildsWatch(connection, request, limits.patience());
  }

  /** Watches locks, and survives restarts of the server. */
  public LocksWatch watchLocks(WatchLocksRequest request) {
    return new LocksWatch(connection, request, limits.patience());
  }

  /** Tells the workers of a build to pause. */
  public PauseBuildResponse pauseBuild(PauseBuildRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(limits.call(), stub -> stub.pauseBuild(repeatable));
  }

  /** Tells them to go on. */
  public ResumeBuildResponse resumeBuild(ResumeBuildRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(limits.call(), stub -> stub.resumeBuild(repeatable));
  }

  /** Takes a build over from workers that are gone; the answer has the new fencing token. */
  public ClaimBuildResponse claimBuild(ClaimBuildRequest request) {
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeated(limits.call(), stub -> stub.claimBuild(repeatable));
  }

  /** Opens a stream of reports of one worker. */
  ProgressStream streamProgress() {
    return new ProgressStream(ShadowIndexServiceGrpc.newStub(connection.channel()));
  }

  Connection connection() {
    return connection;
  }

  /**
   * Acquires a lock, waiting for it as long as the request says. A SHARED lock, which is taken for
   * every write, carries no {@code request_id} unless the request has one, and is asked for once:
   * an answer that is lost leaves it held until it expires.
   */
  public AcquireLockResponse acquireLock(AcquireLockRequest request) {
    Duration deadline = limits.call().plusSeconds(request.getWaitSeconds());
    if (request.getMode() == Lock.Mode.SHARED && request.getRequestId().isEmpty()) {
      return connection.once(() -> locks(deadline).acquireLock(request));
    }
    var repeatable = request.toBuilder().setRequestId(idOr(request.getRequestId())).build();
    return repeatedLock(deadline, stub -> stub.acquireLock(repeatable));
  }

  /** Begins the time of a lock anew; repeated while the answer is lost. */
  public RenewLockResponse renewLock(RenewLockRequest request) {
    return repeatedLock(limits.call(), stub -> stub.renewLock(request));
  }

  /** Releases a lock or some of its resource types. */
  public ReleaseLockResponse releaseLock(ReleaseLockRequest request) {
    return releaseLease(request.toBuilder().setRequestId(idOr(request.getRequestId())).build());
  }

  /** The same without a {@code request_id}: a repeated call may be refused with LOCK_NOT_FOUND. */
  ReleaseLockResponse releaseLease(ReleaseLockRequest request) {
    return repeatedLock(limits.call(), stub -> stub.releaseLock(request));
  }

  /** Answers one page of the locks that are held, in the order in which they were granted. */
  public ListLocksResponse listLocks(ListLocksRequest request) {
    return repeatedLock(limits.call(), stub -> stub.listLocks(request));
  }

  /** Says whether a write may be made now, and if not, why and what to do instead. */
  public CheckWritePermissionResponse checkWritePermission(CheckWritePermissionRequest request) {
    return repeatedLock(
        limits.call().plusSeconds(request.getWaitSeconds()),
        stub -> stub.checkWritePermission(request));
  }

  /** Ends calls and watches that are still open, with {@link ShadowIndexException.Cancelled}. */
  @Override
  public void close() {
    connection.close();
  }

  /** The deadline is for all repetitions together. */
  private <R> R repeated(Duration deadline, Function<ShadowIndexServiceBlockingStub, R> call) {
    ShadowIndexServiceBlockingStub timed = builds(deadline);
    return connection.repeated(deadline, () -> call.apply(timed));
  }

  private <R> R repeatedLock(Duration deadline, Function<LockServiceBlockingStub, R> call) {
    LockServiceBlockingStub timed = locks(deadline);
    return connection.repeated(deadline, () -> call.apply(timed));
  }

  private ShadowIndexServiceBlockingStub builds(Duration deadline) {
    return ShadowIndexServiceGrpc.newBlockingStub(connection.channel()).withDeadlineAfter(deadline);
  }

  private LockServiceBlockingStub locks(Duration deadline) {
    return LockServiceGrpc.newBlockingStub(connection.channel()).withDeadlineAfter(deadline);
  }

  private static String idOr(String given) {
    return given.isEmpty() ? UUID.randomUUID().toString() : given;
  }
}
