package io.shadowindex.server.grpc;

import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockEvent;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockRequest;
import io.shadowindex.server.lock.LockStore.Ended;
import io.shadowindex.server.lock.LockType;
import io.shadowindex.server.lock.LockWatch;
import io.shadowindex.server.lock.WriteDecision;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.CheckWritePermissionResponse;
import io.shadowindex.v1.EndedLock;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.WatchLocksResponse;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;

/** Locks as messages of the contract, and back. */
final class LockMessages {

  private LockMessages() {}

  static LockRequest request(AcquireLockRequest request) {
    return new LockRequest(
        name(request),
        request.getLockType() == Lock.Type.TYPE_UNSPECIFIED
            ? LockType.MANUAL
            : LockType.valueOf(request.getLockType().name()),
        request.getMode() == Lock.Mode.SHARED ? LockMode.SHARED : LockMode.EXCLUSIVE,
        request.getOwner(),
        request.getReason(),
        Duration.ofSeconds(request.getTtlSeconds()),
        Duration.ofSeconds(request.getHeartbeatIntervalSeconds()));
  }

  private static LockName name(AcquireLockRequest request) {
    var types = new TreeSet<>(request.getResourceTypesList());
    if (!request.getResourceType().isEmpty()) {
      types.add(request.getResourceType());
    }
    return switch (request.getScope()) {
      case BRANCH -> {
        require(types.isEmpty(), "resource_type", "must be empty with the scope BRANCH");
        require(request.getResourceId().isEmpty(), "resource_id", "needs the scope RESOURCE");
        yield LockName.branch(request.getBranchName());
      }
      case RESOURCE_TYPE -> {
        require(!types.isEmpty(), "resource_type", "must be given with this scope");
        require(request.getResourceId().isEmpty(), "resource_id", "needs the scope RESOURCE");
        yield LockName.resourceTypes(request.getBranchName(), types);
      }
      case RESOURCE -> {
        require(
            !request.getResourceType().isEmpty(), "resource_type", "must be given with this scope");
        require(types.size() == 1, "resource_types", "needs the scope RESOURCE_TYPE");
        require(!request.getResourceId().isEmpty(), "resource_id", "must be given with this scope");
        yield LockName.resource(
            request.getBranchName(), request.getResourceType(), request.getResourceId());
      }
      case SCOPE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalStateException("refused by the rules of the contract");
    };
  }

  static LockName name(CheckWritePermissionRequest request) {
    if (request.getResourceType().isEmpty()) {
      require(request.getResourceId().isEmpty(), "resource_type", "must be given with a resource");
      return LockName.branch(request.getBranchName());
    }
    return new LockName(
        request.getBranchName(), List.of(request.getResourceType()), request.getResourceId());
  }

  static void require(boolean holds, String field, String rule) {
    if (!holds) {
      throw new Refusal.InvalidFields(List.of(new Refusal.Violation(field, rule))).exception();
    }
  }

  static Lock lock(Lease lease) {
    LockRequest request = lease.request();
    var message =
        Lock.newBuilder()
            .setLockId(lease.id().toString())
            .setBranchName(lease.name().branchName())
            .setScope(Lock.Scope.valueOf(lease.name().scope().name()))
            .addAllResourceTypes(lease.name().resourceTypes())
            .setResourceId(lease.name().resourceId())
            .setLockType(Lock.Type.valueOf(request.type().name()))
            .setMode(Lock.Mode.valueOf(request.mode().name()))
            .setOwner(request.owner())
            .setReason(request.reason())
            .setTtlSeconds((int) request.ttl().toSeconds())
            .setHeartbeatIntervalSeconds((int) request.heartbeatInterval().toSeconds())
            .setFencingToken(lease.fencingToken())
            .setAcquiredAt(Messages.timestamp(lease.acquiredAt()));
    if (lease.expiresAt() != null) {
      message.setExpiresAt(Messages.timestamp(lease.expiresAt()));
    }
    return message.build();
  }

  static EndedLock ended(Ended ended) {
    return EndedLock.newBuilder()
        .setLock(lock(ended.lease()))
        .setHow(EndedLock.How.valueOf(ended.how().name()))
        .setEndedBy(ended.by())
        .setReason(ended.reason())
        .setEndedAt(Messages.timestamp(ended.at()))
        .build();
  }

  static WatchLocksResponse response(LockWatch.Message message) {
    return switch (message) {
      case LockWatch.Snapshot(List<Lease> leases, boolean continued, boolean incomplete) ->
          WatchLocksResponse.newBuilder()
              .setSnapshot(
                  WatchLocksResponse.Snapshot.newBuilder()
                      .addAllLocks(leases.stream().map(LockMessages::lock).toList())
                      .setContinued(continued)
                      .setIncomplete(incomplete))
              .build();
      case LockWatch.Happened(LockEvent event) ->
          WatchLocksResponse.newBuilder()
              .setEvent(
                  WatchLocksResponse.Event.newBuilder()
                      .setKind(WatchLocksResponse.Event.Kind.valueOf(event.kind().name()))
                      .setLock(lock(event.lease()))
                      .setBy(event.by())
                      .setReason(event.reason())
                      .setOccurredAt(Messages.timestamp(event.at())))
              .build();
    };
  }

  static CheckWritePermissionResponse response(WriteDecision decision) {
    return switch (decision) {
      case WriteDecision.Allowed() ->
          CheckWritePermissionResponse.newBuilder().setAllowed(true).build();
      case WriteDecision.Denied denied -> {
        var response =
            CheckWritePermissionResponse.newBuilder()
                .setReason(denied.reason())
                .setLock(lock(denied.lock()))
                .setLockAgeMs(Math.max(0, denied.age().toMillis()))
                .addAllOtherResourceTypesAvailable(denied.otherResourceTypes())
                .addAllAlternativeActions(denied.alternatives());
        if (denied.indexingProgress() != null) {
          response.setIndexingProgress(denied.indexingProgress());
        }
        long millis = Math.max(1, denied.timeToGo().toMillis());
        yield response.setEtaMs(millis).setEtaSeconds((int) Math.ceilDiv(millis, 1000)).build();
      }
    };
  }
}
