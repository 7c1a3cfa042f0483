package io.shadowindex.client.cli;

import io.shadowindex.v1.BuildProgress;

/** Shows how one build goes on. For one thread. */
sealed interface ProgressView extends AutoCloseable permits ProgressBar, ProgressLines {

  /**
   * A bar on a terminal, lines otherwise.
   *
   * @param percentBetweenLines how much progress is worth another line where there is no terminal;
   *     0 prints every report
   */
  static ProgressView on(Output output, int percentBetweenLines) {
    return output.terminal()
        ? new ProgressBar(output.out(), output::columns, System::nanoTime)
        : new ProgressLines(output.out(), System::nanoTime, percentBetweenLines);
  }

  void progress(BuildProgress progress);

  /** Prints a line of its own about something that happened. */
  void event(String line);

  @Override
  void close();
}
