package io.shadowindex.client;

import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import java.time.Duration;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * What happens to one build: a snapshot, then events, progress and heartbeats. It is over once the
 * build is ACTIVE, CLEANUP, FAILED or CANCELLED (with {@code follow}, once nothing can happen to it
 * any more).
 *
 * {@snippet file="WatchExample.java" region="example"}
 *
 * <p>A program that wants to go on where it was after it has been restarted itself keeps the
 * revision of the last message, and begins its next watch with it as {@code from_revision}.
 */
public final class BuildWatch extends Watch<WatchBuildResponse> {
  private final Connection connection;
  private final WatchBuildRequest request;

  BuildWatch(Connection connection, WatchBuildRequest request, Duration patience) {
    super(connection, patience);
    this.connection = connection;
    this.request = request;
  }

  @Override
  Iterator<WatchBuildResponse> begin(@Nullable Long revision) {
    return begin(
        revision == null ? request : request.toBuilder().setFromRevision(revision).build());
  }

  @Override
  Iterator<WatchBuildResponse> beginWithSnapshot() {
    return begin(request.toBuilder().clearFromRevision().build());
  }

  private Iterator<WatchBuildResponse> begin(WatchBuildRequest from) {
    return ShadowIndexServiceGrpc.newBlockingStub(connection.channel()).watchBuild(from);
  }

  @Override
  long revision(WatchBuildResponse message) {
    return message.getRevision();
  }
}
