package io.shadowindex.bench;

import io.shadowindex.bench.Plan.Generation;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/** Whether a store that has seen many builds is as fast as a new one. */
final class Growth implements Measure {

  private static final int SWITCHES = 100;
  private static final List<String> RATES = List.of("writes/s", "permissions/s", "lists/s");
  private static final String HELD = "lock held p50 ms";

  @Override
  public String id() {
    return "growth";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    for (int builds : lab.plan().builds()) {
      try (ShadowIndexServer server = lab.shadowIndex();
          var store = new ShadowIndexStore(server)) {
        store.fill(builds);
        measure(lab, server, store, load(builds), table);
      }
    }
    String few = load(lab.plan().builds().getFirst());
    String many = load(lab.plan().builds().getLast());
    List<Target> targets = new ArrayList<>();
    for (String rate : RATES) {
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
        The store is filled by starting and cancelling so many builds, each with its events and its \
        entries in the audit log, before it is measured. Writes, permissions and pages of 50 builds in \
        the closed loop of the largest number of clients; lock times of rollbacks of the smallest \
        generation.\
        """,
        table,
        targets,
        List.of("writes/s"));
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
      Lab lab, ShadowIndexServer server, ShadowIndexStore store, String load, Table table)
      throws Exception {
    int clients = lab.plan().clients().getLast();
    List<Call> writing = Stream.generate(store::writer).limit(clients).toList();
    List<Call> asking =
        Stream.generate(() -> Calls.asking(server.connections())).limit(clients).toList();
    List<Call> listing = Stream.generate(() -> listing(server)).limit(clients).toList();
    for (List<Call> calls : List.of(writing, asking, listing)) {
      ClosedLoop.heatUp(calls, lab.plan().heatUp().dividedBy(2));
    }
    var flip = new ServerFlip(server, "growth", Generation.SMALL);
    for (int round = 0; round < lab.plan().rounds(); round++) {
      table
          .add(ShadowIndexServer.NAME, load, RATES.get(0), rate(lab, writing))
          .add(ShadowIndexServer.NAME, load, RATES.get(1), rate(lab, asking))
          .add(ShadowIndexServer.NAME, load, RATES.get(2), rate(lab, listing));
      Histogram held = Sample.histogram();
      for (int i = 0; i < Math.min(SWITCHES, lab.plan().switches()); i++) {
        held.recordValue(Sample.bounded(flip.flip()));
      }
      table.add(ShadowIndexServer.NAME, load, HELD, held.getValueAtPercentile(50) / 1e6);
    }
  }

  private static double rate(Lab lab, List<Call> clients) throws Exception {
    return ClosedLoop.run(clients, lab.plan().warmUp(), lab.plan().round()).perSecond();
  }

  private static Call listing(ShadowIndexServer server) {
    var stub = ShadowIndexServiceGrpc.newBlockingStub(server.connections().calling());
    var page = ListShadowIndexesRequest.newBuilder().setPageSize(50).build();
    return () -> {
      var _ = stub.listShadowIndexes(page);
    };
  }
}
