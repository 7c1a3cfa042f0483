package io.shadowindex.client;

import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * What happens to all builds that match: a snapshot of each and a heartbeat, then events, progress
 * and heartbeats. It never ends by itself.
 *
 * <p>Unless the request says how large batches may be, the server is asked for a hundred messages
 * in one. They are handed on one by one either way.
 */
public final class BuildsWatch extends Watch<WatchBuildsResponse> {
  private static final int BATCH = 100;

  private final Connection connection;
  private final WatchBuildsRequest request;

  BuildsWatch(Connection connection, WatchBuildsRequest request, Duration patience) {
    super(connection, patience);
    this.connection = connection;
    this.request =
        request.getMaxBatch() == 0 ? request.toBuilder().setMaxBatch(BATCH).build() : request;
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
    var batches = ShadowIndexServiceGrpc.newBlockingStub(connection.channel()).watchBuilds(from);
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(batches, Spliterator.ORDERED), false)
        .flatMap(BuildsWatch::each)
        .iterator();
  }

  private static Stream<WatchBuildsResponse> each(WatchBuildsResponse batch) {
    return batch.getFurtherCount() == 0
        ? Stream.of(batch)
        : Stream.concat(
            Stream.of(batch.toBuilder().clearFurther().build()), batch.getFurtherList().stream());
  }

  @Override
  long revision(WatchBuildsResponse message) {
    return message.getEvent().getRevision();
  }
}
