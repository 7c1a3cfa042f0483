package io.shadowindex.server.watch;

import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.RetentionSweeper;
import io.shadowindex.server.build.SwitchPolicy;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.storage.StateStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A real store with the watches of its log, from a start to a stop, and no server around it. */
public final class WatchedStore implements AutoCloseable {

  private final StateStore state;
  private final BuildLifecycle builds;
  private final BuildWatches watches;

  public WatchedStore(Path directory) throws IOException {
    state =
        StateStore.open(
            Files.createDirectories(directory.resolve("state")),
            InstantSource.system(),
            failure -> {
              throw new AssertionError(failure);
            });
    var board = new ProgressBoard();
    var layout = new IndexLayout(directory.resolve("index"));
    FileOperations files = FileOperations.real();
    builds =
        new BuildLifecycle(
            state.builds(),
            board,
            layout,
            IndexFormats.installed(),
            files,
            new RetentionSweeper(state.builds(), layout, files, InstantSource.system(), 0),
            InstantSource.system(),
            UUID::randomUUID,
            Duration.ofHours(1));
    watches = new BuildWatches(state.log(), builds, board);
    state.onCommit(watches::wakeUp);
    watches.start();
  }

  public static BuildSpec spec(String branch) {
    return new BuildSpec(
        new IndexKey(branch, IndexType.SEARCH_INDEX, IndexKey.DEFAULT_NAME),
        List.of("object_type"),
        false,
        0,
        List.of(),
        SwitchPolicy.DEFAULT,
        "",
        "",
        Map.of());
  }

  public StateStore state() {
    return state;
  }

  BuildLifecycle builds() {
    return builds;
  }

  public BuildWatches watches() {
    return watches;
  }

  @Override
  public void close() {
    watches.close();
    state.close();
  }
}
