package io.shadowindex.client.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Scanner;
import java.util.function.Supplier;

/**
 * Where a command prints, and for whom.
 *
 * @param out results and progress
 * @param err failures
 * @param environment the environment variables
 * @param terminal true when somebody watches {@code out}, so that lines may be redrawn
 * @param screen how large the terminal is, asked anew whenever it matters; not asked without one
 */
record Output(
    PrintWriter out,
    PrintWriter err,
    Map<String, String> environment,
    boolean terminal,
    Supplier<Screen> screen) {

  /** The size of a terminal in characters. */
  record Screen(int columns, int rows) {
    private static final Screen USUAL = new Screen(80, 24);

    /** What COLUMNS and LINES say, or else the terminal itself. */
    static Screen of(Map<String, String> environment) {
      try {
        return new Screen(
            Integer.parseInt(environment.getOrDefault("COLUMNS", "")),
            Integer.parseInt(environment.getOrDefault("LINES", "")));
      } catch (NumberFormatException e) {
        return asked();
      }
    }

    private static Screen asked() {
      try {
        Process stty =
            new ProcessBuilder("stty", "size").redirectInput(new File("/dev/tty")).start();
        Scanner answer = new Scanner(stty.getInputStream(), UTF_8);
        int rows = answer.nextInt();
        int columns = answer.nextInt();
        return columns == 0 ? USUAL : new Screen(columns, rows);
      } catch (IOException | NoSuchElementException e) {
        return USUAL; // a terminal that does not tell
      }
    }
  }

  /** The process's own streams. */
  static Output ofProcess() {
    Map<String, String> environment = System.getenv();
    return new Output(
        writer(System.out),
        writer(System.err),
        environment,
        onTerminal(environment),
        () -> Screen.of(environment));
  }

  /** The same without results and progress. */
  Output muted() {
    PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
    return new Output(nowhere, err, environment, false, screen);
  }

  /** True when colours may be used: on a terminal, unless NO_COLOR is set. */
  boolean color() {
    return terminal && environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  /** How many columns a line may have. */
  int columns() {
    return terminal ? screen.get().columns() : Integer.MAX_VALUE;
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, stream.charset());
  }

  @SuppressWarnings("SystemConsoleNull") // since JDK 25 it is null again without a terminal
  private static boolean onTerminal(Map<String, String> environment) {
    Console console = System.console();
    return console != null && console.isTerminal() && !"dumb".equals(environment.get("TERM"));
  }
}
