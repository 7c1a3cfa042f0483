package io.shadowindex.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** How fast, and how late, many watchers are told of the same writes. */
final class FanOut implements Measure {

  private static final int WRITERS = 16;
  private static final int FEWEST_WRITES = 32;
  private static final int MOST_WRITES = 5_000;

  /** In the open loop; so that nobody is at the limit. */
  private static final double DELIVERIES_PER_SECOND = 10_000;

  private static final double MOST_WRITES_PER_SECOND = 100;
  private static final double FEWEST_WRITES_PER_SECOND = 2;
  private static final Duration DRAIN = Duration.ofMinutes(2);

  /** More watchers than that are measured in a single round, for the time it takes. */
  private static final int ONCE = 1_000;

  private static final String RATE = "deliveries/s";
  private static final String P50 = "p50 ms";
  private static final String P99 = "p99 ms";

  @Override
  public String id() {
    return "watch";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    for (int watchers : lab.plan().watchers()) {
      List<Store> stores = lab.stores("watch-" + watchers);
      try {
        List<Room> rooms = new ArrayList<>();
        for (Store store : stores) {
          rooms.add(new Room(store, watchers));
        }
        int rounds = watchers > ONCE ? 1 : lab.plan().rounds();
        for (Room room : rooms) {
          boolean first = watchers == lab.plan().watchers().getFirst();
          Duration heatUp = first ? lab.plan().heatUp() : lab.plan().warmUp();
          long hot = System.nanoTime() + heatUp.toNanos();
          do {
            var _ = room.burst(FEWEST_WRITES);
          } while (System.nanoTime() < hot);
        }
        for (int round = 0; round < rounds; round++) {
          for (Room room : rooms) {
            table.add(room.store.name(), load(watchers), RATE, room.burst(writes(lab, watchers)));
            Histogram latencies = room.paced(lab.plan().round());
            table
                .add(room.store.name(), load(watchers), P50, at(latencies, 50))
                .add(room.store.name(), load(watchers), P99, at(latencies, 99));
          }
        }
      } finally {
        stores.forEach(Store::close);
      }
    }
    return new Section(
        id(),
        "Watch fan-out",
        """
        Every watcher has a stream of its own and is told of every write: WatchBuilds of a branch, and \
        an etcd watch of a prefix, both with all events that are there in one message; fifty of them share a connection. *Deliveries/s*: %d writers make \
        a burst of writes as fast as they can; the time is from the first write to when every watcher \
        has been told of all. *p50, p99*: from when a write was due to when a watcher was told, of \
        all deliveries; one writer, about %,.0f deliveries a second where that is 2 to 100 writes a \
        second. The bench, which counts, has the same two processors.\
        """
            .formatted(WRITERS, DELIVERIES_PER_SECOND),
        table,
        lab.plan().watchers().stream()
            .flatMap(
                watchers ->
                    Stream.of(
                        Target.atLeast(2, against(RATE, watchers), ratio(table, watchers, RATE)),
                        Target.atMost(1, against(P50, watchers), ratio(table, watchers, P50)),
                        Target.atMost(1, against(P99, watchers), ratio(table, watchers, P99))))
            .toList(),
        List.of(RATE, P99));
  }

  private static OptionalDouble ratio(Table table, int watchers, String figure) {
    return table.ratio(ShadowIndexServer.NAME, "etcd", load(watchers), figure);
  }

  private static String against(String figure, int watchers) {
    return "%s against etcd, %s".formatted(figure, load(watchers));
  }

  private static String load(int watchers) {
    return watchers == 1 ? "1 watcher" : "%,d watchers".formatted(watchers);
  }

  private static double at(Histogram latencies, double percentile) {
    return latencies.getValueAtPercentile(percentile) / 1e6;
  }

  private static int writes(Lab lab, int watchers) {
    return Math.clamp(lab.plan().deliveries() / watchers, FEWEST_WRITES, MOST_WRITES);
  }

  /** One store and its watchers. */
  private static final class Room {
    private final Store store;
    private final List<Call> writers;
    private final int watchers;

    /** How many writes each watcher has been told of in this round. */
    private final AtomicLongArray told;

    private final AtomicLong lastTold = new AtomicLong();
    private volatile Round round = new Round(0, 0, 0, 0);

    /**
     * One round.
     *
     * @param writes how many each watcher is to be told of
     * @param began when the first write was due
     * @param interval how long after that the next one was due; 0 when latencies do not count
     */
    private record Round(
        int writes, long began, long interval, Histogram latencies, CountDownLatch everybody) {
      Round(int writes, long began, long interval, int watchers) {
        this(
            writes,
            began,
            interval,
            new ConcurrentHistogram(DRAIN.toNanos(), 3),
            new CountDownLatch(watchers));
      }

      long due(int write) {
        return began + write * interval;
      }
    }

    Room(Store store, int watchers) throws Exception {
      this.store = store;
      this.watchers = watchers;
      this.writers = Stream.generate(store::writer).limit(WRITERS).toList();
      this.told = new AtomicLongArray(watchers);
      store.watch(
          IntStream.range(0, watchers)
              .<Store.Delivery>mapToObj(watcher -> writes -> tell(watcher, writes))
              .toList());
    }

    private void tell(int watcher, int writes) {
      long now = System.nanoTime();
      Round current = round;
      for (int i = 0; i < writes; i++) {
        int write = (int) told.getAndIncrement(watcher);
        if (current.interval > 0) {
          current.latencies.recordValue(Math.clamp(now - current.due(write), 0, DRAIN.toNanos()));
        }
        if (write + 1 == current.writes) {
          lastTold.accumulateAndGet(now, Math::max);
          current.everybody.countDown();
        }
      }
    }

    private Round begin(int writes, long began, long interval) {
      for (int i = 0; i < watchers; i++) {
        told.set(i, 0);
      }
      lastTold.set(Long.MIN_VALUE);
      var next = new Round(writes, began, interval, watchers);
      round = next;
      return next;
    }

    private void awaitEverybody(Round current) throws InterruptedException {
      if (!current.everybody.await(DRAIN.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException(
            "%d of %d watchers of %s were not told of every write"
                .formatted(current.everybody.getCount(), watchers, store.name()));
      }
    }

    /** Deliveries a second of a burst of so many writes. */
    double burst(int writes) throws Exception {
      int each = Math.ceilDiv(writes, WRITERS);
      Round current = begin(each * WRITERS, System.nanoTime(), 0);
      var _ =
          Clients.all(
              writers.stream()
                  .<Callable<Integer>>map(
                      writer ->
                          () -> {
                            for (int i = 0; i < each; i++) {
                              writer.make();
                            }
                            return each;
                          })
                  .toList());
      awaitEverybody(current);
      return (double) current.writes * watchers / ((lastTold.get() - current.began) / 1e9);
    }

    /** The latencies of all deliveries while one client writes at a fixed rate. */
    Histogram paced(Duration measured) throws Exception {
      double perSecond =
          Math.clamp(
              DELIVERIES_PER_SECOND / watchers, FEWEST_WRITES_PER_SECOND, MOST_WRITES_PER_SECOND);
      int writes = (int) Math.max(4, perSecond * measured.toMillis() / 1000);
      long interval = (long) (1e9 / perSecond);
      Round current = begin(writes, System.nanoTime() + interval, interval);
      for (int write = 0; write < writes; write++) {
        OpenLoop.await(current.due(write));
        writers.getFirst().make();
      }
      awaitEverybody(current);
      return current.latencies;
    }
  }
}
