package io.shadowindex.bench;

import io.shadowindex.v1.ListIndexesRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** How soon a server answers after a cold start, and what memory it takes. */
final class Footprint implements Measure {

  private static final String START = "first answer s";
  private static final String RESIDENT = "RSS MiB";
  private static final String HEAP = "live heap MiB";
  private static final String IDLE = "idle, empty";

  private static final int ANSWER_SECONDS = 60;

  @Override
  public String id() {
    return "footprint";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    for (int start = 1; start <= lab.plan().starts(); start++) {
      start(lab, start == lab.plan().starts(), table);
    }
    int builds = Math.min(10_000, lab.plan().builds().getLast());
    int watchers = Math.min(1_000, lab.plan().watchers().getLast());
    try (ShadowIndexServer server = lab.freshShadowIndex();
        var store = new ShadowIndexStore(server, ShadowIndexServer.BRANCH)) {
      Call writer = store.writer();
      store.fill(builds);
      store.watch(Collections.nCopies(watchers, writes -> {}));
      var _ = ClosedLoop.run(List.of(writer), Duration.ZERO, lab.plan().round());
      memory(
          store.process(), "%,d builds, %,d watchers, writes".formatted(builds, watchers), table);
    }
    return new Section(
        id(),
        "Start and memory",
        """
        From the start of the launcher, with empty data, to the answer of the first ListIndexes; the \
        page cache is warm. RSS is what the kernel counts, %d s after the start, and then after so many \
        builds were started and cancelled, with so many watchers, one client writing. The heap is \
        as the launcher makes it; what is alive on it is counted after a collection.\
        """
            .formatted(lab.plan().settled().toSeconds()),
        table,
        List.of(
            Target.atMost(2, START, table.median(ShadowIndexServer.NAME, IDLE, START)),
            Target.atMost(
                256, RESIDENT + ", idle", table.median(ShadowIndexServer.NAME, IDLE, RESIDENT))),
        List.of(RESIDENT));
  }

  private static void start(Lab lab, boolean last, Table table) throws IOException {
    Path directory = lab.directory("cold");
    long began = System.nanoTime();
    try (var server = ShadowIndexServer.start(lab, directory)) {
      var _ =
          server
              .stub()
              .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
              .listIndexes(ListIndexesRequest.getDefaultInstance());
      table.add(ShadowIndexServer.NAME, IDLE, START, (System.nanoTime() - began) / 1e9);
      if (last) {
        LockSupport.parkNanos(lab.plan().settled().toNanos());
        memory(server.process(), IDLE, table);
      }
    }
  }

  private static void memory(Launched server, String load, Table table) throws IOException {
    table
        .add(ShadowIndexServer.NAME, load, RESIDENT, server.residentMebibytes())
        .add(ShadowIndexServer.NAME, load, HEAP, server.liveHeapMebibytes());
  }
}
