package io.shadowindex.client.examples;

import io.shadowindex.client.BuildWatch;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import java.util.function.Consumer;

/** A watch that shows a build until it is final. */
public final class WatchExample {
  private WatchExample() {}

  /** Answers the revision to go on with. */
  public static long show(ShadowIndexClient client, String id, Consumer<String> line) {
    long revision = 0;
    // @start region="example"
    WatchBuildRequest request = WatchBuildRequest.newBuilder().setShadowIndexId(id).build();
    try (BuildWatch watch = client.watchBuild(request)) {
      while (watch.hasNext()) {
        WatchBuildResponse message = watch.next();
        switch (message.getEventCase()) {
          case SNAPSHOT -> line.accept("is " + message.getSnapshot().getState());
          case STATE_CHANGE -> line.accept("now " + message.getStateChange().getState());
          case PROGRESS -> line.accept(message.getProgress().getBuildProgressPercent() + " %");
          default -> {} // steps of a switch, notices, heartbeats
        }
        revision = message.getRevision();
      }
    }
    // @end
    return revision;
  }
}
