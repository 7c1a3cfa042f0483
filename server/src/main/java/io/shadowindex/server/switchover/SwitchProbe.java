package io.shadowindex.server.switchover;

import io.shadowindex.server.index.IndexFormatException;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.ProbeSession;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Runs a build's probe queries: before the switch on the generation that is live and on the one to
 * come, in turns, so that both meet the same load; and after the commit through the live link. Both
 * without a lock: queries are other people's code and take as long as they like.
 *
 * <p>A measurement is the time of all queries together. Before the switch it is the median of ten
 * rounds after three to warm up, of fewer where that would take longer than five seconds.
 */
final class SwitchProbe {

  private static final int WARM_UP_ROUNDS = 3;
  private static final int ROUNDS = WARM_UP_ROUNDS + 10;

  /** No further round begins after this. */
  private static final Duration BUDGET = Duration.ofSeconds(5);

  /** How long opening an index, or one round, may take. */
  static final Duration LIMIT = Duration.ofSeconds(10);

  /** A probe through the live link is slow when each of so many rounds was. */
  private static final int LIVE_ROUNDS = 5;

  private final IndexFormats formats;
  private final double maxSlowdown;
  private final Duration limit;

  /**
   * Takes how many times as long as before the switch the queries may take; 0 for any time.
   *
   * @param maxSlowdown 0, or 1 and more
   * @param limit how long opening an index, or one round, may take
   */
  SwitchProbe(IndexFormats formats, double maxSlowdown, Duration limit) {
    this.formats = formats;
    this.maxSlowdown = maxSlowdown;
    this.limit = limit;
  }

  /**
   * What the probe before a switch found.
   *
   * @param failures what speaks against the switch
   * @param speedup the live generation's time divided by the new one's; null unless both were
   *     measured
   * @param live the probe to make through the live link
   */
  record Findings(
      List<String> failures, List<String> warnings, @Nullable Double speedup, LiveProbe live) {

    static final Findings NONE = new Findings(List.of(), List.of(), null, LiveProbe.NONE);

    static Findings failure(String failure, List<String> warnings) {
      return new Findings(List.of(failure), warnings, null, LiveProbe.NONE);
    }
  }

  /**
   * Probes a generation that is about to become live.
   *
   * @param live the directory of the generation to be replaced; null when there is none
   */
  Findings before(List<String> queries, Path generation, @Nullable Path live) {
    if (queries.isEmpty()) {
      return Findings.NONE;
    }
    var warnings = new ArrayList<String>();
    try (ProbeSession next = ProbeSession.open(formats, generation, queries, limit)) {
      if (next == null) {
        String warning = "the probe queries were not run: the index's format has none";
        return new Findings(List.of(), List.of(warning), null, LiveProbe.NONE);
      }
      try (ProbeSession old = live == null ? null : openLive(queries, live, warnings)) {
        return compare(queries, next, old, warnings);
      }
    } catch (IndexFormatException e) {
      return Findings.failure(e.sentence(), warnings);
    }
  }

  private @Nullable ProbeSession openLive(List<String> queries, Path live, List<String> warnings) {
    try {
      return ProbeSession.open(formats, live, queries, limit);
    } catch (IndexFormatException e) {
      warnings.add(liveNotProbed(e));
      return null;
    }
  }

  private Findings compare(
      List<String> queries, ProbeSession next, @Nullable ProbeSession old, List<String> warnings)
      throws IndexFormatException {
    var nextTimes = new ArrayList<Duration>();
    var oldTimes = new ArrayList<Duration>();
    long began = System.nanoTime();
    do {
      if (old != null && !runLive(old, oldTimes, warnings)) {
        old = null;
      }
      nextTimes.add(next.run(limit));
    } while (nextTimes.size() < ROUNDS && inBudget(began));

    Duration nextTime = median(nextTimes);
    Duration oldTime = oldTimes.isEmpty() ? null : median(oldTimes);
    Duration slower = oldTime != null && oldTime.compareTo(nextTime) > 0 ? oldTime : nextTime;
    return new Findings(
        oldTime != null && isSlow(nextTime, oldTime)
            ? List.of(slow("than on the live generation", nextTime, oldTime))
            : List.of(),
        warnings,
        oldTime == null ? null : (double) nanos(oldTime) / nanos(nextTime),
        link -> throughLink(queries, link, slower));
  }

  /** One round on the live generation; what goes wrong there stops no switch away from it. */
  private boolean runLive(ProbeSession live, List<Duration> times, List<String> warnings) {
    try {
      times.add(live.run(limit));
      return true;
    } catch (IndexFormatException e) {
      times.clear();
      warnings.add(liveNotProbed(e));
      return false;
    }
  }

  private List<String> throughLink(List<String> queries, Path link, Duration before) {
    long began = System.nanoTime();
    try (ProbeSession live = ProbeSession.open(formats, link, queries, limit)) {
      if (live == null) {
        return List.of("the probe queries cannot be run through the live link");
      }
      Duration best = live.run(limit);
      for (int i = 1; i < LIVE_ROUNDS && isSlow(best, before) && inBudget(began); i++) {
        best = Collections.min(List.of(best, live.run(limit)));
      }
      return isSlow(best, before)
          ? List.of(slow("than before the switch", best, before))
          : List.of();
    } catch (IndexFormatException e) {
      return List.of(e.sentence());
    }
  }

  private boolean isSlow(Duration time, Duration reference) {
    return maxSlowdown > 0 && nanos(time) > nanos(reference) * maxSlowdown;
  }

  private String slow(String thanWhat, Duration time, Duration reference) {
    return "the probe queries are more than %s times slower %s: %s vs %s"
        .formatted(maxSlowdown, thanWhat, millis(time), millis(reference));
  }

  private static String liveNotProbed(IndexFormatException e) {
    return "the live generation was not probed: " + e.sentence();
  }

  /** The middle one, without those that warmed up. */
  private static Duration median(List<Duration> times) {
    List<Duration> warm =
        times.subList(Math.min(WARM_UP_ROUNDS, times.size() - 1), times.size()).stream()
            .sorted()
            .toList();
    return warm.get(warm.size() / 2);
  }

  private static long nanos(Duration duration) {
    return Math.max(1, duration.toNanos());
  }

  private static String millis(Duration duration) {
    return String.format(Locale.ROOT, "%.3f ms", duration.toNanos() / 1e6);
  }

  private static boolean inBudget(long began) {
    return System.nanoTime() - began < BUDGET.toNanos();
  }
}
