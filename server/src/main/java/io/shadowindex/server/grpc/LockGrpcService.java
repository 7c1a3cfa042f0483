package io.shadowindex.server.grpc;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockFeed;
import io.shadowindex.server.lock.LockManager;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockRequest;
import io.shadowindex.server.lock.LockStore.Ended;
import io.shadowindex.server.lock.LockStore.Holder;
import io.shadowindex.server.lock.LockStore.LockFilter;
import io.shadowindex.server.lock.LockStore.Released;
import io.shadowindex.server.lock.LockWait;
import io.shadowindex.server.lock.LockWatch;
import io.shadowindex.server.lock.WriteDecision;
import io.shadowindex.server.lock.WritePermissions;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.request.Mutation;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.AcquireLockResponse;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.CheckWritePermissionResponse;
import io.shadowindex.v1.ListLocksRequest;
import io.shadowindex.v1.ListLocksResponse;
import io.shadowindex.v1.LockServiceGrpc.LockServiceImplBase;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ReleaseLockResponse;
import io.shadowindex.v1.RenewLockRequest;
import io.shadowindex.v1.RenewLockResponse;
import io.shadowindex.v1.WatchLocksRequest;
import io.shadowindex.v1.WatchLocksResponse;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The RPCs on locks: map, call the domain, map back. Requests have passed their field rules. */
public final class LockGrpcService extends LockServiceImplBase {

  private static final int DEFAULT_PAGE = 100;

  private final LockManager locks;
  private final WritePermissions permissions;
  private final LockFeed feed;

  public LockGrpcService(LockManager locks, WritePermissions permissions, LockFeed feed) {
    this.locks = locks;
    this.permissions = permissions;
    this.feed = feed;
  }

  @Override
  public void acquireLock(AcquireLockRequest request, StreamObserver<AcquireLockResponse> client) {
    LockRequest wanted = LockMessages.request(request);
    Mutation mutation = Mutation.current();
    if (mutation != null && wanted.mode() == LockMode.SHARED) {
      mutation.forgoAudit(); // also where it is refused
    }
    LockWait wait = waitOf(request.getWaitSeconds());
    Lease lease = locks.acquire(wanted, wait);
    if (wait.isAbandoned() && request.getRequestId().isEmpty()) { // nobody would release it
      locks.release(lease.id(), new Holder(lease.owner(), lease.fencingToken()), Set.of());
    }
    answer(client, AcquireLockResponse.newBuilder().setLock(LockMessages.lock(lease)).build());
  }

  /** The answer to an AcquireLock that was lost; refuses when the lock has ended since. */
  AcquireLockResponse acquired(UUID lockId) {
    return AcquireLockResponse.newBuilder().setLock(LockMessages.lock(locks.get(lockId))).build();
  }

  @Override
  public void renewLock(RenewLockRequest request, StreamObserver<RenewLockResponse> client) {
    Lease lease =
        locks.renew(
            UUID.fromString(request.getLockId()),
            new Holder(request.getOwner(), request.getFencingToken()));
    answer(client, RenewLockResponse.newBuilder().setLock(LockMessages.lock(lease)).build());
  }

  @Override
  public void releaseLock(ReleaseLockRequest request, StreamObserver<ReleaseLockResponse> client) {
    UUID id = UUID.fromString(request.getLockId());
    var response = ReleaseLockResponse.newBuilder();
    if (request.getForceRelease()) {
      LockMessages.require(
          !request.getReason().isBlank(), "reason", "must be given with force_release");
      LockMessages.require(
          request.getResourceTypesCount() == 0, "resource_types", "not with force_release");
      Ended ended = locks.forceRelease(id, administrator(request), request.getReason());
      response
          .setReleasedLock(LockMessages.lock(ended.lease()))
          .setMessage(
              "%s released %s, which %s held: %s"
                  .formatted(
                      ended.by(), ended.lease().name(), ended.lease().owner(), ended.reason()));
    } else {
      Released released =
          locks.release(
              id,
              new Holder(request.getOwner(), request.getFencingToken()),
              new HashSet<>(request.getResourceTypesList()));
      response
          .setReleasedLock(LockMessages.lock(released.before()))
          .setMessage("released " + released.freed());
      if (released.rest() != null) {
        response.setLock(LockMessages.lock(released.rest()));
      }
    }
    answer(client, response.build());
  }

  /** Whom the credentials name; where nobody is asked for any, whoever the caller says it is. */
  private static String administrator(ReleaseLockRequest request) {
    Mutation mutation = Mutation.current();
    return mutation == null || mutation.call().principal().isEmpty()
        ? request.getOwner()
        : mutation.call().principal();
  }

  /** The answer to a ReleaseLock that was lost, as far as it is still known. */
  ReleaseLockResponse released(UUID lockId) {
    var response = ReleaseLockResponse.newBuilder().setMessage("was released before");
    locks.find(lockId).ifPresent(rest -> response.setLock(LockMessages.lock(rest)));
    return response.build();
  }

  @Override
  public void listLocks(ListLocksRequest request, StreamObserver<ListLocksResponse> client) {
    var filters = request.toBuilder().clearPageSize().clearPageToken().build();
    long after = PageToken.number(filters, request.getPageToken(), 0);
    int size = request.getPageSize() == 0 ? DEFAULT_PAGE : request.getPageSize();
    String branchName = orNull(request.getBranchName());
    var filter =
        new LockFilter(branchName, orNull(request.getResourceType()), orNull(request.getOwner()));
    var page = Page.of(locks.list(filter, after, size + 1), size, LockMessages::lock);
    var response = ListLocksResponse.newBuilder().addAllLocks(page.messages());
    if (page.isFollowed()) {
      response.setNextPageToken(
          PageToken.encode(filters, Long.toString(page.last().fencingToken())));
    }
    if (request.getShowEnded() && request.getPageToken().isEmpty()) {
      List<Ended> ended = locks.ended(branchName, size);
      response.addAllEndedLocks(page.beside(ended, size, LockMessages::ended).messages());
    }
    answer(client, response.build());
  }

  @Override
  public void watchLocks(WatchLocksRequest request, StreamObserver<WatchLocksResponse> client) {
    String branchName = orNull(request.getBranchName());
    OutgoingStream.start("watch-locks", client, stream -> tellLocks(stream, branchName));
  }

  private void tellLocks(OutgoingStream<WatchLocksResponse> stream, @Nullable String branchName) {
    try (LockWatch watch = feed.watch(branchName, stream::wakeUp)) {
      while (!stream.isCancelled()) {
        sendWhatIsThere(watch, stream);
        if (watch.isDraining() && !stream.isReady()) {
          throw new Refusal.Draining().exception();
        }
        if (!stream.isCancelled()) {
          stream.rest();
        }
      }
    }
  }

  private static void sendWhatIsThere(LockWatch watch, OutgoingStream<WatchLocksResponse> stream) {
    while (stream.isReady()) {
      Optional<LockWatch.Message> message = watch.next();
      if (message.isEmpty()) {
        return;
      }
      stream.send(LockMessages.response(message.get()));
    }
  }

  @Override
  public void checkWritePermission(
      CheckWritePermissionRequest request, StreamObserver<CheckWritePermissionResponse> client) {
    LockName name = LockMessages.name(request);
    WriteDecision decision;
    if (request.getLockId().isEmpty()) {
      String action = request.getAction().isEmpty() ? "write" : request.getAction();
      decision = permissions.check(name, action, waitOf(request.getWaitSeconds()));
    } else {
      decision =
          permissions.checkLease(
              name,
              UUID.fromString(request.getLockId()),
              new Holder(request.getOwner(), request.getFencingToken()));
    }
    answer(client, LockMessages.response(decision));
  }

  /** A wait that ends when the call does. */
  private static LockWait waitOf(int seconds) {
    var wait = LockWait.atMost(Duration.ofSeconds(seconds));
    Context.current().addListener(_ -> wait.abandon(), Runnable::run);
    return wait;
  }

  private static <T> void answer(StreamObserver<T> client, T response) {
    client.onNext(response);
    client.onCompleted();
  }

  private static @Nullable String orNull(String text) {
    return text.isEmpty() ? null : text;
  }
}
