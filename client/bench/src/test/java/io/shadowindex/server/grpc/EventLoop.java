package io.shadowindex.server.grpc;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.watch.WatchMessage;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** An event as the message that watchers get: for the first of them, and for all others. */
@State(Scope.Benchmark)
public class EventLoop {

  private final WatchMessages messages =
      new WatchMessages(
          new Messages(new IndexLayout(Path.of("index").toAbsolutePath()), InstantSource.system()));
  private final BuildEvent.Build build =
      new BuildEvent.Build(
          UUID.randomUUID(),
          1,
          new IndexKey("main", IndexType.SEARCH_INDEX, IndexKey.DEFAULT_NAME),
          Map.of("team", "search"));
  private final WatchMessage told = event(1);
  private long revision = 1;

  @Benchmark
  public Object firstWatcher() {
    return messages.ofMany(event(++revision)).toByteArray();
  }

  @Benchmark
  public Object otherWatchers() {
    return messages.ofMany(told).toByteArray();
  }

  private WatchMessage event(long number) {
    return new WatchMessage.Happened(
        new BuildEvent(
            number,
            build,
            BuildEvent.Kind.STATE_CHANGED,
            BuildState.BUILDING,
            BuildState.BUILT,
            1,
            "build completed",
            List.of(),
            Instant.EPOCH));
  }
}
