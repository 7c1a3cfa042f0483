package io.shadowindex.client;

import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ReleaseLockRequest;
import java.time.Duration;

/**
 * Puts a lease around each write, so that no switch can begin between the question whether it may
 * write and the write itself: a switch waits until the lease is gone.
 *
 * {@snippet file="WriteExample.java" region="example"}
 *
 * <p>One guard serves any number of threads; each write is for one.
 */
public final class WriteGuard {

  /** How long a lease outlives a writer that died: a switch waits that long at most. */
  private static final int TTL_SECONDS = 5;

  private final ShadowIndexClient client;
  private final String owner;
  private final int waitSeconds;

  /**
   * A guard that waits up to 10 seconds for each write, longer than any switch holds its lock.
   *
   * @param owner who writes, 1 to 255 bytes; named to those who have to wait
   */
  public WriteGuard(ShadowIndexClient client, String owner) {
    this(client, owner, Duration.ofSeconds(10));
  }

  /**
   * A guard that waits as long as it is told.
   *
   * @param owner who writes, 1 to 255 bytes; named to those who have to wait
   * @param wait how long to wait, rounded up to whole seconds, 300 at most; zero refuses at once
   */
  public WriteGuard(ShadowIndexClient client, String owner, Duration wait) {
    this.client = client;
    this.owner = owner;
    this.waitSeconds = Math.toIntExact(wait.plusMillis(999).toSeconds());
  }

  /**
   * Waits until the resource type can be written to, and takes a lease on it for 5 seconds.
   *
   * @throws ShadowIndexException.Locked when a lock by hand, or many switches, were in the way for
   *     longer than the wait
   * @throws ShadowIndexException for every other failure
   */
  public Write write(String branchName, String resourceType) {
    AcquireLockRequest request =
        AcquireLockRequest.newBuilder()
            .setBranchName(branchName)
            .setScope(Lock.Scope.RESOURCE_TYPE)
            .setResourceType(resourceType)
            .setMode(Lock.Mode.SHARED)
            .setOwner(owner)
            .setReason("a write")
            .setTtlSeconds(TTL_SECONDS)
            .setWaitSeconds(waitSeconds)
            .build();
    return new Write(client, client.acquireLock(request).getLock());
  }

  /** One write, from the lease to its release. For one thread. */
  public static final class Write implements AutoCloseable {
    private final ShadowIndexClient client;
    private final Lock lock;

    private Write(ShadowIndexClient client, Lock lock) {
      this.client = client;
      this.lock = lock;
    }

    /**
     * Larger than that of every lease before it; storage that remembers it can refuse older ones.
     */
    public long fencingToken() {
      return lock.getFencingToken();
    }

    /**
     * Asks the server whether the lease is still held; for writers that may have been paused for
     * longer than it lasts.
     *
     * @throws ShadowIndexException.Conflict when it is not: then nothing may be written any more
     */
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
     * Gives the lease back. One that has run out is gone already, and one that cannot be given
     * back, because no server answers or the thread is interrupted, ends with its time; neither is
     * a failure of the write.
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
      } catch (ShadowIndexException e) {
        // gone, or soon
      }
    }
  }
}
