package io.shadowindex.client.cli;

import io.shadowindex.v1.BuildProgress;
import java.io.PrintWriter;
import java.util.function.LongSupplier;

/** Progress on a terminal: one line, redrawn. */
final class ProgressBar implements ProgressView {
  private static final int CELLS = 30;
  private static final String ERASE_LINE = "\r\u001b[K";

  private final PrintWriter out;
  private final RecordRate rate;
  private String drawn = "";

  ProgressBar(PrintWriter out, LongSupplier nanoTime) {
    this.out = out;
    this.rate = new RecordRate(nanoTime);
  }

  @Override
  public void progress(BuildProgress progress) {
    int filled = progress.getBuildProgressPercent() * CELLS / 100;
    drawn =
        "["
            + "#".repeat(filled)
            + "-".repeat(CELLS - filled)
            + "] "
            + ProgressText.of(progress, rate.at(progress.getRecordCount()));
    out.print(ERASE_LINE + drawn);
    out.flush();
  }

  @Override
  public void event(String line) {
    out.println((drawn.isEmpty() ? "" : ERASE_LINE) + line);
    out.print(drawn);
    out.flush();
  }

  @Override
  public void close() {
    if (!drawn.isEmpty()) {
      out.println();
      drawn = "";
    }
  }
}
