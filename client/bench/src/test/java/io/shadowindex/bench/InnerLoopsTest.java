package io.shadowindex.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** The loops that JMH measures can be measured; {@code make jmh} takes the time to do it well. */
class InnerLoopsTest {

  /** A regular expression of the loops to measure; empty for a moment of each. */
  private static final String MEASURED = System.getProperty("shadowindex.jmh", "");

  @Test
  void innerLoopsAreMeasured() throws Exception {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .mode(Mode.AverageTime)
            .timeUnit(TimeUnit.NANOSECONDS)
            .shouldFailOnError(true)
            .warmupTime(TimeValue.seconds(1))
            .measurementTime(TimeValue.seconds(1));
    if (MEASURED.isEmpty()) {
      options
          .forks(0)
          .warmupIterations(0)
          .measurementIterations(1)
          .measurementTime(TimeValue.milliseconds(10));
    } else {
      options.include(MEASURED).forks(2).warmupIterations(5).measurementIterations(5);
    }

    var results = new Runner(options.build()).run();

    assertThat(results)
        .isNotEmpty()
        .allSatisfy(result -> assertThat(result.getPrimaryResult().getScore()).isPositive());
  }
}
