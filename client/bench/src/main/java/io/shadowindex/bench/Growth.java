package io.shadowindex.bench;

import io.shadowindex.bench.Plan.Generation;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/** Whether a store that has seen many builds is as fast as a new one. */
final class Growth implements Measure {

  private static final int SWITCHES = 100;
  private static final String WRITES = "writes/s";
  private static final String PERMISSIONS = "permissions/s";
  private static final String LISTS = "lists/s";
  private static final String HELD = "lock held p50 ms";

  @Override
  public String id() {
    return "growth";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    int clients = lab.plan().clients().getLast();
    try (ShadowIndexServer server = lab.freshShadowIndex();
        var store = new ShadowIndexStore(server, ShadowIndexServer.BRANCH)) {
      var calls = new LinkedHashMap<String, List<Call>>();
      calls.put(WRITES, Stream.generate(store::writer).limit(clients).toList());
      calls.put(
          PERMISSIONS,
          Stream.generate(() -> Calls.asking(server.connections())).limit(clients).toList());
      calls.put(LISTS, Stream.generate(() -> listing(server)).limit(clients).toList());
      for (List<Call> each : calls.values()) {
        ClosedLoop.heatUp(each, lab.plan().heatUp());
      }
      var flip = new ServerFlip(server, "growth", Generation.SMALL);
      int filled = 0;
      for (int builds : lab.plan().builds()) {
        store.fill(builds - filled);
        filled = builds;
        for (int round = 0; round < lab.plan().rounds(); round++) {
          measure(lab, calls, flip, load(builds), table);
        }
      }
    }
    String few = load(lab.plan().builds().getFirst());
    String many = load(lab.plan().builds().getLast());
    List<Target> targets = new ArrayList<>();
    for (String rate : List.of(WRITES, PERMISSIONS, LISTS)) {
      targets.add(
          Target.atLeast(
              1 / 1.5,
              "%s, %s against %s".formatted(rate, many, few),
              ratio(table, rate, many, few)));
    }
    targets.add(
        Target.atMost(
            1.5, "%s, %s against %s".formatted(HELD, many, few), ratio(table, HELD, many, few)));
    return new Section(
        id(),
        "Growth",
        """
        One server, filled further and further by starting and cancelling builds, each with its events \
        and its entries in the audit log. Writes, permissions and pages of 50 builds in \
        the closed loop of the largest number of clients; lock times of rollbacks of the smallest \
        generation.\
        """,
        table,
        targets,
        List.of(WRITES, LISTS));
  }

  private static String load(int builds) {
    return "%,d builds".formatted(builds);
  }

  private static OptionalDouble ratio(Table table, String figure, String load, String other) {
    return Table.ratio(
        table.median(ShadowIndexServer.NAME, load, figure),
        table.median(ShadowIndexServer.NAME, other, figure));
  }

  private static void measure(
      Lab lab, Map<String, List<Call>> calls, Flip flip, String load, Table table)
      throws Exception {
    for (var each : calls.entrySet()) {
      Sample sample = ClosedLoop.run(each.getValue(), lab.plan().warmUp(), lab.plan().round());
      table.add(ShadowIndexServer.NAME, load, each.getKey(), sample.perSecond());
    }
    Histogram held = Sample.histogram();
    for (int i = 0; i < Math.min(SWITCHES, lab.plan().switches()); i++) {
      held.recordValue(Sample.bounded(flip.flip()));
    }
    table.add(ShadowIndexServer.NAME, load, HELD, held.getValueAtPercentile(50) / 1e6);
  }

  private static Call listing(ShadowIndexServer server) {
    var stub = ShadowIndexServiceGrpc.newBlockingStub(server.connections().calling());
    var page = ListShadowIndexesRequest.newBuilder().setPageSize(50).build();
    return () -> {
      var _ = stub.listShadowIndexes(page);
    };
  }
}
