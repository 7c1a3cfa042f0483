package io.shadowindex.bench;

import io.shadowindex.v1.CheckWritePermissionRequest;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Calls that cost no disk, against a server that only answers. */
final class Calls implements Measure {

  private static final int STREAMS = 4;
  private static final String ECHO = "echo";
  private static final String RATE = "calls/s";
  private static final String STREAM = "StreamProgress, %d streams".formatted(STREAMS);

  /** Many more than a client reports. */
  private static final long RECORDS = 10_000_000;

  @Override
  public String id() {
    return "calls";
  }

  /** Who is called, and which builds may be reported on. */
  private record Subject(String name, Connections connections, List<String> builds) {}

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    int most = lab.plan().clients().getLast();
    int builds = Math.max(most, STREAMS);
    ShadowIndexServer server = lab.shadowIndex();
    try (Launched echo = lab.echo();
        var connections = new Connections(echo.address())) {
      var subjects =
          List.of(
              new Subject(
                  ShadowIndexServer.NAME,
                  server.connections(),
                  IntStream.range(0, builds)
                      .mapToObj(i -> server.startBuild("c" + i).getShadowIndexId())
                      .toList()),
              new Subject(
                  ECHO,
                  connections,
                  IntStream.range(0, builds).mapToObj(i -> UUID.randomUUID().toString()).toList()));
      heatUp(lab, subjects);
      for (int count : lab.plan().clients()) {
        unary(lab, subjects, count, table);
      }
      streams(lab, subjects, table);
    }
    return new Section(
        id(),
        "Progress reports and write permission",
        """
        The limit is a gRPC server in Java that answers messages of the same kind at once and does \
        nothing else, in a process of its own with gRPC's defaults. ShadowIndex also checks the fields, \
        the build and its fencing token, and estimates; a report is answered from memory, a permission \
        after a read of the database. Closed loop. *%s*: reports are sent as fast as the transport takes \
        them until all are counted; the echo answers each, ShadowIndex the newest every 5 ms.\
        """
            .formatted(STREAM),
        table,
        List.of(
            target(table, 0.8, report(most)),
            target(table, 0.8, STREAM),
            target(table, 0.6, permission(most))),
        List.of(RATE));
  }

  private static Target target(Table table, double bound, String load) {
    return Target.atLeast(
        bound,
        "calls/s against echo, " + load,
        table.ratio(ShadowIndexServer.NAME, ECHO, load, RATE));
  }

  private static String report(int clients) {
    return "ReportProgress, %d clients".formatted(clients);
  }

  private static String permission(int clients) {
    return "CheckWritePermission, %d clients".formatted(clients);
  }

  private static void heatUp(Lab lab, List<Subject> subjects) throws Exception {
    int most = lab.plan().clients().getLast();
    for (Subject subject : subjects) {
      ClosedLoop.heatUp(clients(most, i -> reporting(subject, i, 0)), lab.plan().heatUp());
      ClosedLoop.heatUp(clients(most, i -> asking(subject.connections())), lab.plan().heatUp());
    }
  }

  private static void unary(Lab lab, List<Subject> subjects, int count, Table table)
      throws Exception {
    Map<Subject, List<Call>> reporting = new LinkedHashMap<>();
    Map<Subject, List<Call>> asking = new LinkedHashMap<>();
    for (Subject subject : subjects) {
      reporting.put(subject, clients(count, i -> reporting(subject, i, count * RECORDS)));
      asking.put(subject, clients(count, i -> asking(subject.connections())));
    }
    for (int round = 0; round < lab.plan().rounds(); round++) {
      for (Subject subject : subjects) {
        add(lab, table, subject, report(count), reporting.getOrDefault(subject, List.of()));
        add(lab, table, subject, permission(count), asking.getOrDefault(subject, List.of()));
      }
    }
  }

  private static List<Call> clients(int count, IntFunction<Call> client) {
    return IntStream.range(0, count).mapToObj(client).toList();
  }

  private static void add(Lab lab, Table table, Subject subject, String load, List<Call> clients)
      throws Exception {
    Sample sample = ClosedLoop.run(clients, lab.plan().warmUp(), lab.plan().round());
    table
        .add(subject.name(), load, RATE, sample.perSecond())
        .add(subject.name(), load, "p50 ms", sample.millisAt(50))
        .add(subject.name(), load, "p99 ms", sample.millisAt(99));
  }

  /** Begins with a count of records above what fewer clients reported of the same build. */
  private static Call reporting(Subject subject, int client, long first) {
    var stub = ShadowIndexServiceGrpc.newBlockingStub(subject.connections().calling());
    var report = report(subject, client);
    return new Call() {
      private long records = first;

      @Override
      public void make() {
        var _ = stub.reportProgress(report.setRecordCount(++records).build());
      }
    };
  }

  private static ReportProgressRequest.Builder report(Subject subject, int client) {
    return ReportProgressRequest.newBuilder()
        .setShadowIndexId(subject.builds().get(client))
        .setProgressPercent(50);
  }

  /** A client that asks whether it may write to what nobody has locked. */
  static Call asking(Connections connections) {
    var stub = LockServiceGrpc.newBlockingStub(connections.calling());
    var question =
        CheckWritePermissionRequest.newBuilder()
            .setBranchName(ShadowIndexServer.BRANCH)
            .setAction("write")
            .setResourceType(ShadowIndexServer.RESOURCE_TYPE)
            .build();
    return () -> {
      var _ = stub.checkWritePermission(question);
    };
  }

  private static void streams(Lab lab, List<Subject> subjects, Table table) throws Exception {
    int each = lab.plan().deliveries() / STREAMS;
    long first = (lab.plan().clients().getLast() + 1) * RECORDS; // above what the calls reported
    for (int round = -1; round < lab.plan().rounds(); round++) {
      for (Subject subject : subjects) {
        long records = first + (long) (round + 1) * each;
        List<Callable<Long>> streams = new ArrayList<>();
        for (int i = 0; i < STREAMS; i++) {
          var stream = new ReportStream(subject.connections().calling(), report(subject, i));
          streams.add(() -> stream.send(records, each));
        }
        long began = System.nanoTime();
        long counted = Clients.all(streams).stream().mapToLong(Long::longValue).sum();
        if (round >= 0) { // the first one warms up
          table.add(subject.name(), STREAM, RATE, counted / ((System.nanoTime() - began) / 1e9));
        }
      }
    }
  }
}
