package io.shadowindex.client.cli;

import io.shadowindex.v1.BuildProgress;
import java.io.PrintWriter;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/** Progress in a pipe or a log: plain lines. */
final class ProgressLines implements ProgressView {
  private final PrintWriter out;
  private final RecordRate rate;
  private final int percentBetweenLines;
  private int nextPercent;

  ProgressLines(PrintWriter out, LongSupplier nanoTime, int percentBetweenLines) {
    this.out = out;
    this.rate = new RecordRate(nanoTime);
    this.percentBetweenLines = percentBetweenLines;
  }

  @Override
  public void progress(BuildProgress progress) {
    OptionalLong recordsPerSecond = rate.at(progress.getRecordCount());
    int percent = progress.getBuildProgressPercent();
    if (percentBetweenLines > 0) {
      if (percent < nextPercent) {
        return;
      }
      nextPercent = (percent / percentBetweenLines + 1) * percentBetweenLines;
    }
    event(ProgressText.of(progress, recordsPerSecond));
  }

  @Override
  public void event(String line) {
    out.println(line);
  }

  @Override
  public void close() {
    out.flush();
  }
}
