package io.shadowindex.server.observe;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.switchover.SwitchOutcome;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What is counted and timed, for Prometheus to fetch. Counting costs some nanoseconds and no lock;
 * what has to be asked for is asked when somebody fetches.
 *
 * <p>Names are those of Micrometer; Prometheus sees {@code shadowindex_switch_lock_held_seconds}
 * and the like.
 */
public final class Metrics implements AutoCloseable {

  /** From a quiet machine's lock to one that everybody notices. */
  private static final Duration[] LOCK_HELD_BUCKETS =
      millis(1, 2, 3, 5, 7, 10, 15, 20, 50, 100, 1000);

  private static final Duration[] BUCKETS =
      millis(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 60_000, 600_000);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics collections = new JvmGcMetrics();
  private final MultiGauge builds =
      MultiGauge.builder("shadowindex.builds")
          .description("Builds and generations, by state")
          .register(registry);
  private final Timer commits =
      timer(
              "shadowindex.commit",
              "Group commits, from the first statement to the disk's answer",
              BUCKETS)
          .register(registry);
  private volatile Supplier<Map<BuildState, Long>> buildCounts = Map::of;

  public Metrics() {
    new ClassLoaderMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    collections.bindTo(registry);
  }

  /** For the edges, which know of meters that nobody else does. */
  public MeterRegistry registry() {
    return registry;
  }

  /** Has builds counted whenever somebody fetches. */
  public void countBuilds(Supplier<Map<BuildState, Long>> counts) {
    buildCounts = counts;
  }

  /** Has a number asked for whenever somebody fetches. */
  public void gauge(String name, String description, Supplier<Number> value) {
    Gauge.builder(name, value).description(description).register(registry);
  }

  /** Takes the end of a switch or a rollback. */
  public void ended(SwitchOutcome outcome) {
    Tags tags =
        Tags.of(
            "kind", name(outcome.kind()),
            "outcome", name(outcome.became()));
    timer("shadowindex.switch", "Switches and rollbacks, validation and copies included", BUCKETS)
        .tags(tags)
        .register(registry)
        .record(outcome.duration());
    if (!outcome.lockHeld().isZero()) {
      timer("shadowindex.switch.lock.held", "How long writers were locked out", LOCK_HELD_BUCKETS)
          .tags(tags)
          .register(registry)
          .record(outcome.lockHeld());
    }
  }

  /** Takes a group commit. */
  public void committed(Duration duration) {
    commits.record(duration);
  }

  /** Everything as Prometheus reads it. */
  String scrape(String contentType) {
    Map<BuildState, Long> counts = buildCounts.get();
    builds.register(
        Arrays.stream(BuildState.values())
            .map(
                state ->
                    MultiGauge.Row.of(
                        Tags.of("state", name(state)), counts.getOrDefault(state, 0L)))
            .toList(),
        true);
    return registry.scrape(contentType);
  }

  @Override
  public void close() {
    collections.close();
    registry.close();
  }

  private static Timer.Builder timer(String name, String description, Duration[] buckets) {
    return Timer.builder(name).description(description).serviceLevelObjectives(buckets);
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static Duration[] millis(long... millis) {
    return Arrays.stream(millis).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
  }
}
