package io.shadowindex.bench;

import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** How many durable writes a second, how late they are answered, and what the disk has to do. */
final class Transitions implements Measure {

  private static final String RATE = "writes/s";
  private static final String P99 = "p99 ms";

  @Override
  public String id() {
    return "transitions";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    List<Store> stores = lab.stores("transitions");
    try {
      for (Store store : stores) {
        ClosedLoop.heatUp(writers(store, lab.plan().clients().getLast()), lab.plan().heatUp());
      }
      for (int count : lab.plan().clients()) {
        closedLoop(lab, stores, count, table);
      }
      int most = lab.plan().clients().getLast();
      openLoop(lab, stores, most, table);
      for (Store store : stores) {
        syncs(lab, store, most, table);
      }
    } finally {
      stores.forEach(Store::close);
    }
    try (var store = new ShadowIndexStore(lab.shadowIndex(), "starts")) {
      startAndCancel(lab, store, table);
    }
    String many = closed(lab.plan().clients().getLast());
    return new Section(
        id(),
        "Durable transitions",
        """
        A write of ShadowIndex is PauseBuild and ResumeBuild in turns: a compare-and-set of the \
        build's row, an event for its watchers and an entry of the audit log in one transaction; one \
        of etcd is a blind put of 256 bytes. Each client has a connection and a record of its own, \
        and both sides answer when the write is durable. *Closed*: a client calls again as soon as it \
        is answered. *Open*: calls fall due at half the rate that the slowest store reached in the \
        closed loop, and latencies count from then. *StartBuild, CancelBuild*: each call counts; \
        StartBuild also makes a durable directory, CancelBuild deletes it. Syncs are counted by \
        strace in a run of their own.\
        """,
        table,
        List.of(
            Target.atLeast(
                2,
                "writes/s against etcd, %s".formatted(many),
                table.ratio(ShadowIndexServer.NAME, "etcd", many, RATE)),
            Target.atMost(
                1,
                "p99 against etcd, %s".formatted(many),
                table.ratio(ShadowIndexServer.NAME, "etcd", many, P99))),
        List.of(RATE, P99));
  }

  private static void closedLoop(Lab lab, List<Store> stores, int count, Table table)
      throws Exception {
    List<List<Call>> clients = stores.stream().map(store -> writers(store, count)).toList();
    for (int round = 0; round < lab.plan().rounds(); round++) {
      for (int i = 0; i < stores.size(); i++) {
        Sample sample = ClosedLoop.run(clients.get(i), lab.plan().warmUp(), lab.plan().round());
        add(table, stores.get(i).name(), closed(count), sample);
      }
    }
  }

  private static void openLoop(Lab lab, List<Store> stores, int count, Table table)
      throws Exception {
    double slowest =
        stores.stream()
            .mapToDouble(store -> table.median(store.name(), closed(count), RATE).orElseThrow())
            .min()
            .orElseThrow();
    double rate = Math.max(1, slowest / 2);
    List<List<Call>> clients = stores.stream().map(store -> writers(store, count)).toList();
    for (int round = 0; round < lab.plan().rounds(); round++) {
      for (int i = 0; i < stores.size(); i++) {
        Sample sample = OpenLoop.run(clients.get(i), rate, lab.plan().round());
        add(table, stores.get(i).name(), "open, %,.0f/s".formatted(rate), sample);
      }
    }
  }

  private static void syncs(Lab lab, Store store, int count, Table table) throws Exception {
    var writes = new AtomicLong();
    List<Call> clients =
        writers(store, count).stream()
            .<Call>map(
                writer ->
                    () -> {
                      writer.make();
                      writes.incrementAndGet();
                    })
            .toList();
    OptionalLong syncs =
        Syncs.during(
            store.process(),
            lab.directory("strace").resolve("trace"),
            () -> {
              var _ = ClosedLoop.run(clients, lab.plan().warmUp(), lab.plan().round());
            });
    syncs.ifPresent(
        calls ->
            table.add(
                store.name(), closed(count), "syncs per write", (double) calls / writes.get()));
  }

  private static void startAndCancel(Lab lab, ShadowIndexStore store, Table table)
      throws Exception {
    ClosedLoop.heatUp(
        startingAndCancelling(store, lab.plan().clients().getLast()), lab.plan().heatUp());
    for (int count : lab.plan().clients()) {
      List<Call> clients = startingAndCancelling(store, count);
      for (int round = 0; round < lab.plan().rounds(); round++) {
        Sample sample = ClosedLoop.run(clients, lab.plan().warmUp(), lab.plan().round());
        add(table, ShadowIndexServer.NAME, closed(count) + ", StartBuild, CancelBuild", sample);
      }
    }
  }

  /** So many clients with indexes of their own, of which none has a build yet. */
  private static List<Call> startingAndCancelling(ShadowIndexStore store, int count) {
    return Stream.generate(() -> store.startingAndCancelling(UUID.randomUUID().toString()))
        .limit(count)
        .toList();
  }

  private static List<Call> writers(Store store, int count) {
    return Stream.generate(store::writer).limit(count).toList();
  }

  private static String closed(int clients) {
    return clients == 1 ? "closed, 1 client" : "closed, %,d clients".formatted(clients);
  }

  private static void add(Table table, String subject, String load, Sample sample) {
    table
        .add(subject, load, RATE, sample.perSecond())
        .add(subject, load, "p50 ms", sample.millisAt(50))
        .add(subject, load, P99, sample.millisAt(99));
  }
}
