package io.shadowindex.client.cli;

import java.io.Console;
import java.io.PrintStream;
import java.io.PrintWriter;

/**
 * Where a command prints.
 *
 * @param out results and progress
 * @param err failures
 * @param terminal true when somebody watches {@code out}, so that lines may be redrawn
 */
record Output(PrintWriter out, PrintWriter err, boolean terminal) {

  /** The process's own streams. */
  static Output ofProcess() {
    return new Output(writer(System.out), writer(System.err), onTerminal());
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, stream.charset());
  }

  @SuppressWarnings("SystemConsoleNull") // since JDK 25 it is null again without a terminal
  private static boolean onTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal() && !"dumb".equals(System.getenv("TERM"));
  }
}
