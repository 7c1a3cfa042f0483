package io.shadowindex.client;

import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import java.time.Duration;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * What happens to all builds that match: a snapshot of each and a heartbeat, then events, progress
 * and heartbeats. It never ends by itself.
 */
public final class BuildsWatch extends Watch<WatchBuildsResponse> {
  private final Connection connection;
  private final WatchBuildsRequest request;

  BuildsWatch(Connection connection, WatchBuildsRequest request, Duration patience) {
    super(connection, patience);
    this.connection = connection;
    this.request = request;
  }

  @Override
  Iterator<WatchBuildsResponse> begin(@Nullable Long revision) {
    return begin(
        revision == null ? request : request.toBuilder().setFromRevision(revision).build());
  }

  @Override
  Iterator<WatchBuildsResponse> beginWithSnapshot() {
    return begin(request.toBuilder().clearFromRevision().build());
  }

  private Iterator<WatchBuildsResponse> begin(WatchBuildsRequest from) {
    return ShadowIndexServiceGrpc.newBlockingStub(connection.channel()).watchBuilds(from);
  }

  @Override
  long revision(WatchBuildsResponse message) {
    return message.getEvent().getRevision();
  }
}
