package io.shadowindex.client;

import io.grpc.StatusRuntimeException;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.ErrorReason;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ReleaseLockRequest;
import java.time.Duration;

/**
 * A writer's lease around one write, so that no switch can begin between the question whether it
 * may write and the write itself: a switch waits until the lease is gone.
 *
 * <p>Meant for try-with-resources, and short:
 *
 * <pre>{@code
 * try (WriteGuard guard = WriteGuard.enter(client, "main", "object_type", "alice", wait)) {
 *   prepare();
 *   guard.requireHeld(); // a pause longer than the lease ends here
 *   write(guard.fencingToken());
 * }
 * }</pre>
 *
 * <p>Calls throw {@link StatusRuntimeException}: LOCK_HELD when a switch or a lock by hand was in
 * the way for longer than the wait, LEASE_LOST when the lease has run out. For one thread.
 */
public final class WriteGuard implements AutoCloseable {

  /** How long a lease outlives a writer that died: a switch waits that long at most. */
  private static final int TTL_SECONDS = 5;

  private final ShadowIndexClient client;
  private final Lock lock;

  private WriteGuard(ShadowIndexClient client, Lock lock) {
    this.client = client;
    this.lock = lock;
  }

  /**
   * Waits until the resource type can be written to, and takes a lease on it for 5 seconds.
   *
   * @param owner who writes; named to those who have to wait
   * @param wait how long to wait, rounded up to whole seconds, 300 at most; zero refuses at once
   */
  public static WriteGuard enter(
      ShadowIndexClient client,
      String branchName,
      String resourceType,
      String owner,
      Duration wait) {
    AcquireLockRequest request =
        AcquireLockRequest.newBuilder()
            .setBranchName(branchName)
            .setScope(Lock.Scope.RESOURCE_TYPE)
            .setResourceType(resourceType)
            .setMode(Lock.Mode.SHARED)
            .setOwner(owner)
            .setReason("a write")
            .setTtlSeconds(TTL_SECONDS)
            .setWaitSeconds(Math.toIntExact(wait.plusMillis(999).toSeconds()))
            .build();
    return new WriteGuard(client, client.acquireLock(request).getLock());
  }

  /** Larger than that of every lease before it; storage that remembers it can refuse older ones. */
  public long fencingToken() {
    return lock.getFencingToken();
  }

  /** Throws, with LEASE_LOST, when the lease has run out: then nothing may be written any more. */
  public void requireHeld() {
    var _ =
        client.checkWritePermission(
            CheckWritePermissionRequest.newBuilder()
                .setBranchName(lock.getBranchName())
                .setResourceType(lock.getResourceTypes(0))
                .setLockId(lock.getLockId())
                .setOwner(lock.getOwner())
                .setFencingToken(lock.getFencingToken())
                .build());
  }

  /**
   * Gives the lease back; one that has run out already is gone, which {@link #requireHeld} told.
   */
  @Override
  public void close() {
    try {
      var _ =
          client.releaseLease(
              ReleaseLockRequest.newBuilder()
                  .setLockId(lock.getLockId())
                  .setOwner(lock.getOwner())
                  .setFencingToken(lock.getFencingToken())
                  .build());
    } catch (StatusRuntimeException e) {
      if (Refusal.of(e).reason() != ErrorReason.Enum.LOCK_NOT_FOUND) {
        throw e;
      }
    }
  }
}
