package io.shadowindex.client.cli;

import io.shadowindex.v1.BuildProgress;
import java.io.PrintWriter;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/** Progress on a terminal: one line, redrawn. */
final class ProgressBar implements ProgressView {
  private static final int MOST_CELLS = 30;

  /** With fewer, the bar says nothing that the percents do not. */
  private static final int FEWEST_CELLS = 8;

  private static final String ERASE_LINE = "\r\u001b[K";

  private final PrintWriter out;
  private final IntSupplier columns;
  private final RecordRate rate;
  private String drawn = "";

  /**
   * One that is not drawn yet.
   *
   * @param columns how wide the terminal is
   */
  ProgressBar(PrintWriter out, IntSupplier columns, LongSupplier nanoTime) {
    this.out = out;
    this.columns = columns;
    this.rate = new RecordRate(nanoTime);
  }

  @Override
  public void progress(BuildProgress progress) {
    String text = ProgressText.of(progress, rate.at(progress.getRecordCount()));
    int width = columns.getAsInt() - 1; // a full line would wrap
    int cells = Math.min(MOST_CELLS, width - text.length() - "[] ".length());
    drawn = Table.cut(cells < FEWEST_CELLS ? text : bar(progress, cells) + text, width);
    out.print(ERASE_LINE + drawn);
    out.flush();
  }

  private static String bar(BuildProgress progress, int cells) {
    int filled = progress.getBuildProgressPercent() * cells / 100;
    return "[" + "#".repeat(filled) + "-".repeat(cells - filled) + "] ";
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
