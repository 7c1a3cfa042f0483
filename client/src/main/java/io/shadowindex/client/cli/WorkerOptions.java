package io.shadowindex.client.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options of everything that indexes files. */
final class WorkerOptions {
  private static final int MOST_THREADS_BY_DEFAULT = 4;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "DIR_OR_ZIP",
      description = "What to index. Required.")
  private Path input = Path.of("");

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = AtLeastOne.class,
      description = "How many threads index; default: the number of cores, 4 at most.")
  private int threads =
      Math.min(MOST_THREADS_BY_DEFAULT, Runtime.getRuntime().availableProcessors());

  Path input() {
    return input;
  }

  int threads() {
    return threads;
  }
}
