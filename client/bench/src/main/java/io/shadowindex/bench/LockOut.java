package io.shadowindex.bench;

import io.shadowindex.bench.Plan.Generation;
import io.shadowindex.v1.ShadowIndex;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/** For how long a switch keeps writers out, and whether readers notice it. */
final class LockOut implements Measure {

  private static final String P50 = "p50 ms";
  private static final String P99 = "p99 ms";
  private static final String MISSES = "missed reads";
  private static final String READER = "one busy reader";

  /** A round of flips ends then, as it does with very many files. */
  private static final Duration LONGEST = Duration.ofSeconds(4);

  /** So that the reader gets to read between the flips that are only two renames. */
  private static final Duration BETWEEN_SWITCHES = Duration.ofMillis(2);

  private static final int FEW_SWITCHES = 20;
  private static final int MOST_CALLED_FILES = 1_000;

  @Override
  public String id() {
    return "switch";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    List<Generation> generations = lab.plan().generations();
    Generation called =
        generations.stream()
            .filter(generation -> generation.files() <= MOST_CALLED_FILES)
            .max(Comparator.comparingInt(Generation::files))
            .orElseThrow();
    String call = "whole call, " + called.name();
    ShadowIndexServer server = lab.shadowIndex();
    for (Generation generation : generations) {
      try (var ours = new ServerFlip(server, "i" + generation.name(), generation);
          var limit = new BareFlip(lab.directory("limit"))) {
        compare(lab, List.of(ours, limit), generation.name(), table);
      }
    }
    Generation small = generations.getFirst();
    try (var ours = new ServerFlip(server, "read", small);
        var limit = new BareFlip(lab.directory("limit"));
        var renames = new TwoRenames(lab.directory("renames"), small)) {
      for (Flip flip : List.of(ours, limit, renames)) {
        whileRead(lab, flip, table);
      }
    }
    calls(lab, server, called, call, table);
    return new Section(
        id(),
        "Time that writers are locked out by a switch",
        """
        ShadowIndex says itself for how long it held the lock (`lock_held_micros`): from before the \
        commit that makes it visible to the durable commit that releases it. The bare limit is a \
        program of a few lines that, between two durable commits of one row each, renames a symlink \
        and syncs its directory. *%s*: a thread opens and reads a file of the live index all the time, \
        on one of the processors, 2 ms between switches; the two renames are the switch of the original report. *Whole call*: \
        SwitchIndex to a new generation, from the client, validation included. Files are sparse: their \
        contents are not read under the lock.\
        """
            .formatted(READER),
        table,
        Stream.concat(
                generations.stream()
                    .flatMap(
                        generation ->
                            Stream.of(
                                Target.atMost(
                                    10,
                                    "p99 ms, " + generation.name(),
                                    table.median(ShadowIndexServer.NAME, generation.name(), P99)),
                                Target.atMost(
                                    2,
                                    "p50 against the bare limit, " + generation.name(),
                                    table.ratio(
                                        ShadowIndexServer.NAME,
                                        "bare limit",
                                        generation.name(),
                                        P50)))),
                Stream.of(
                    Target.atMost(0, MISSES, table.median(ShadowIndexServer.NAME, READER, MISSES)),
                    Target.atMost(
                        50, "p99 ms, " + call, table.median(ShadowIndexServer.NAME, call, P99))))
            .toList(),
        List.of(P50, P99));
  }

  /** Flips in turns, round by round. */
  private static void compare(Lab lab, List<Flip> flips, String load, Table table)
      throws Exception {
    for (Flip flip : flips) {
      var _ = times(flip, few(lab));
    }
    int each = Math.max(1, lab.plan().switches() / lab.plan().rounds());
    for (int round = 0; round < lab.plan().rounds(); round++) {
      for (Flip flip : flips) {
        add(table, flip.name(), load, times(flip, each));
      }
    }
  }

  private static void whileRead(Lab lab, Flip flip, Table table) throws Exception {
    try (var reader = new BusyReader(flip.liveFile())) {
      var _ = times(flip, few(lab));
      long reads = reader.reads();
      long misses = reader.misses();
      Histogram times = Sample.histogram();
      for (int i = 0; i < lab.plan().switches(); i++) {
        LockSupport.parkNanos(BETWEEN_SWITCHES.toNanos());
        times.recordValue(Sample.bounded(flip.flip()));
      }
      add(table, flip.name(), READER, times);
      table
          .add(flip.name(), READER, "reads", (double) (reader.reads() - reads))
          .add(flip.name(), READER, MISSES, (double) (reader.misses() - misses));
    }
  }

  private static int few(Lab lab) {
    return Math.min(FEW_SWITCHES, lab.plan().switches());
  }

  private static void calls(
      Lab lab, ShadowIndexServer server, Generation generation, String load, Table table)
      throws Exception {
    List<ShadowIndex> builds = new ArrayList<>();
    int count = few(lab);
    Histogram calls = Sample.histogram();
    for (int i = 0; i < count; i++) {
      builds.add(ServerFlip.built(server, "calls", generation));
      long began = System.nanoTime();
      var _ = ServerFlip.switchTo(server, builds.getLast());
      calls.recordValue(Sample.bounded(System.nanoTime() - began));
    }
    add(table, ShadowIndexServer.NAME, load, calls);
  }

  /** So many flips, or fewer where the checks before each make it take too long. */
  private static Histogram times(Flip flip, int count) throws Exception {
    Histogram times = Sample.histogram();
    long until = System.nanoTime() + LONGEST.toNanos();
    for (int i = 0; i < count && (i == 0 || System.nanoTime() < until); i++) {
      times.recordValue(Sample.bounded(flip.flip()));
    }
    return times;
  }

  private static void add(Table table, String subject, String load, Histogram times) {
    table
        .add(subject, load, P50, times.getValueAtPercentile(50) / 1e6)
        .add(subject, load, P99, times.getValueAtPercentile(99) / 1e6)
        .add(subject, load, "max ms", times.getMaxValue() / 1e6);
  }
}
