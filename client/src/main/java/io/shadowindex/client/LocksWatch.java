package io.shadowindex.client;

import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.WatchLocksRequest;
import io.shadowindex.v1.WatchLocksResponse;
import java.time.Duration;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * The locks that are held, then what happens to them. Locks have no revisions: a watch that
 * connects again begins with the locks as they are then, also where a snapshot of several messages
 * was not complete yet. It never ends by itself.
 */
public final class LocksWatch extends Watch<WatchLocksResponse> {
  private final Connection connection;
  private final WatchLocksRequest request;

  LocksWatch(Connection connection, WatchLocksRequest request, Duration patience) {
    super(connection, patience);
    this.connection = connection;
    this.request = request;
  }

  @Override
  Iterator<WatchLocksResponse> begin(@Nullable Long revision) {
    return beginWithSnapshot();
  }

  @Override
  Iterator<WatchLocksResponse> beginWithSnapshot() {
    return LockServiceGrpc.newBlockingStub(connection.channel()).watchLocks(request);
  }

  @Override
  long revision(WatchLocksResponse message) {
    return 0;
  }
}
