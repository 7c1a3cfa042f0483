package io.shadowindex.bench;

import java.time.Duration;
import java.util.List;

/**
 * How much is measured.
 *
 * @param rounds how often everything is repeated, in turns
 * @param heatUp how long a server is under load before anything counts: it takes a JVM some ten
 *     seconds to compile what it runs
 * @param settled after how long an idle server has come to rest: rehearsed, its heap given back
 * @param warmUp what comes before each round and does not count
 * @param round how long a round of load takes
 * @param clients numbers of clients that write or call at once
 * @param watchers numbers of watches
 * @param deliveries about how many deliveries a round of watching has
 * @param switches how many switches a row of lock times has
 * @param generations what is switched between
 * @param sealed what is completed
 * @param copied what is completed and copied
 * @param starts how often a server is started cold
 * @param builds how many builds are in the store, in ascending order
 * @param developers numbers of people who write while indexes are rebuilt
 */
record Plan(
    String name,
    int rounds,
    Duration heatUp,
    Duration settled,
    Duration warmUp,
    Duration round,
    List<Integer> clients,
    List<Integer> watchers,
    int deliveries,
    int switches,
    List<Generation> generations,
    List<Generation> sealed,
    List<Generation> copied,
    int starts,
    List<Integer> builds,
    List<Integer> developers) {

  /** An index of so many bytes in so many files. */
  record Generation(String name, long bytes, int files) {
    private static final long MIB = 1 << 20;
    static final Generation SMALL = new Generation("1 MB, 1 file", MIB, 1);
    static final Generation LARGE = new Generation("1 GB, 1 file", 1024 * MIB, 1);
    static final Generation HUGE = new Generation("10 GB, 1 file", 10 * 1024 * MIB, 1);
    static final Generation SOME_FILES = new Generation("1 MB, 1,000 files", MIB, 1_000);
    static final Generation MANY_FILES =
        new Generation("100 MB, 100,000 files", 100 * MIB, 100_000);

    /** A few large files. */
    static Generation large(int mebibytes) {
      return new Generation("%,d MiB in 8 files".formatted(mebibytes), mebibytes * MIB, 8);
    }

    /** Small files, as many as that. */
    static Generation small(int files) {
      return new Generation("%,d files of 1 KiB".formatted(files), files * 1024L, files);
    }
  }

  /** Nothing but whether the bench works. */
  static final Plan SMOKE =
      new Plan(
          "smoke",
          1,
          Duration.ofMillis(100),
          Duration.ofMillis(500),
          Duration.ofMillis(100),
          Duration.ofMillis(200),
          List.of(2),
          List.of(3),
          100,
          4,
          List.of(Generation.SMALL),
          List.of(Generation.large(2)),
          List.of(Generation.large(1), Generation.small(10)),
          1,
          List.of(2, 4),
          List.of(2));

  static final Plan QUICK =
      new Plan(
          "quick",
          2,
          Duration.ofMillis(1_500),
          Duration.ofSeconds(5),
          Duration.ofMillis(300),
          Duration.ofSeconds(1),
          List.of(64),
          List.of(1, 1_000),
          50_000,
          150,
          List.of(Generation.SMALL, Generation.LARGE, Generation.SOME_FILES),
          List.of(),
          List.of(Generation.large(256), Generation.small(2_000)),
          2,
          List.of(10, 1_000),
          List.of(20));

  static final Plan FULL =
      new Plan(
          "full",
          3,
          Duration.ofSeconds(4),
          Duration.ofSeconds(25),
          Duration.ofMillis(500),
          Duration.ofMillis(1_500),
          List.of(1, 64),
          List.of(1, 100, 1_000, 10_000),
          100_000,
          300,
          List.of(
              Generation.SMALL,
              Generation.LARGE,
              Generation.HUGE,
              Generation.SOME_FILES,
              Generation.MANY_FILES),
          List.of(Generation.large(10_240), Generation.small(100_000)),
          List.of(Generation.large(1_024), Generation.small(10_000)),
          4,
          List.of(10, 1_000, 100_000),
          List.of(5, 20, 100));

  static Plan named(String name) {
    return List.of(SMOKE, QUICK, FULL).stream()
        .filter(plan -> plan.name.equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no such plan: " + name));
  }
}
