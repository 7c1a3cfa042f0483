package io.shadowindex.server.build;

import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A progress report, from the board's side: fenced, combined with the other workers', estimated.
 */
@State(Scope.Benchmark)
public class ReportLoop {

  @Param({"1", "64"})
  public int workers = 1;

  private final UUID id = UUID.randomUUID();
  private final ProgressBoard board = new ProgressBoard();
  private Instant now = Instant.EPOCH;
  private long records;

  @Setup
  public void begin() {
    var spec =
        new BuildSpec(
            new IndexKey("main", IndexType.SEARCH_INDEX, IndexKey.DEFAULT_NAME),
            List.of("object_type"),
            false,
            workers,
            List.of(),
            SwitchPolicy.DEFAULT,
            "",
            "",
            Map.of());
    board.put(
        new ShadowIndex(
            id,
            1,
            spec,
            BuildState.BUILDING,
            1,
            1,
            1,
            new BuildProgress(0, 0, null, null),
            null,
            new ShadowIndex.Times(now, now, null, null, null, null),
            false,
            false,
            null,
            "",
            false,
            false),
        now);
  }

  @Benchmark
  public Object report() {
    now = now.plusMillis(1);
    records++;
    String worker = workers == 1 ? "" : Long.toString(records % workers);
    return board.report(id, new ProgressReport(worker, 50, records, null, 1L, 0, null), now);
  }
}
