package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl scenario}. */
@Command(
    name = "scenario",
    description = {
      "Let developers write while indexes are rebuilt, in three ways, and compare what they notice.",
      "A working day of 8 hours is compressed, and so are the builds of 30 minutes; locks, writes and"
          + " switches are real, and a switch is never compressed."
    },
    footer = {"shadowctl scenario --developers 20 --seconds 10"})
final class ScenarioCommand implements Callable<Integer> {
  private static final int DEVELOPERS_PER_CONNECTION = 50;
  private static final Duration DAY = Duration.ofHours(8);

  private final ShadowCtl ctl;

  @Option(
      names = "--developers",
      paramLabel = "N",
      split = ",",
      defaultValue = "5,20,100",
      converter = AtLeastOne.class,
      description = "How many write; several numbers are run one by one; default ${DEFAULT-VALUE}.")
  private List<Integer> developers = List.of();

  @Option(
      names = "--rebuilds",
      paramLabel = "K",
      defaultValue = "4",
      converter = AtLeastOne.class,
      description = "How many rebuilds a day; default ${DEFAULT-VALUE}.")
  private int rebuilds;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "10",
      converter = AtLeastOne.class,
      description = "How long a day takes here; default ${DEFAULT-VALUE}.")
  private int seconds;

  ScenarioCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Duration day = Duration.ofSeconds(seconds);
    double factor = (double) DAY.toMillis() / day.toMillis();
    ctl.print(
        "One day of 8 h in %d s: %.0f times as fast; %d rebuilds of 30 min (%d ms here).",
        seconds, factor, rebuilds, Math.round(30 * 60_000 / factor));
    ctl.print("Times of freezes are given as of a real day; switches take what they take.");
    var writers = new ArrayList<ShadowIndexClient>();
    try (ShadowIndexClient client = ctl.connect()) {
      for (int count : developers) {
        while (writers.size() * DEVELOPERS_PER_CONNECTION < count) {
          writers.add(ctl.connect());
        }
        ctl.print("%n%d developers", count);
        ctl.print("%s", ScenarioResult.HEADING);
        for (Scenario.Way way : Scenario.Way.values()) {
          var scenario = new Scenario(client, writers, way, count, rebuilds, day, factor);
          ScenarioResult result = scenario.run();
          ctl.showOne(result.fields());
          ctl.print("%s", result.row());
        }
      }
    } finally {
      writers.forEach(ShadowIndexClient::close);
    }
    return Exit.OK.code();
  }
}
