package io.shadowindex.client.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine;

/**
 * One command, run in this process.
 *
 * @param exit its exit code
 * @param out what it printed
 * @param err what it printed of failures
 */
record ShadowCtlRun(int exit, String out, String err) {

  static ShadowCtlRun of(String... arguments) {
    return watched(_ -> {}, arguments);
  }

  /**
   * The same, with a listener that is told of each line of output before the command goes on.
   *
   * @param printed told from the thread that prints
   */
  static ShadowCtlRun watched(Consumer<String> printed, String... arguments) {
    return run(printed, Map.of(), Optional.empty(), arguments);
  }

  /** The same in an environment of its own; usually it is empty. */
  static ShadowCtlRun in(Map<String, String> environment, String... arguments) {
    return run(_ -> {}, environment, Optional.empty(), arguments);
  }

  /** The same on a terminal of that width. */
  static ShadowCtlRun onTerminal(
      int columns, Map<String, String> environment, String... arguments) {
    return run(_ -> {}, environment, Optional.of(new Output.Screen(columns, 24)), arguments);
  }

  private static ShadowCtlRun run(
      Consumer<String> printed,
      Map<String, String> environment,
      Optional<Output.Screen> screen,
      String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    PrintWriter listening =
        new PrintWriter(out, true) {
          @Override
          public void println(String line) {
            super.println(line);
            printed.accept(line);
          }
        };
    Output output =
        new Output(
            listening,
            new PrintWriter(err, true),
            environment,
            screen.isPresent(),
            screen::orElseThrow);
    int exit = ShadowCtl.commandLine(output).execute(arguments);
    return new ShadowCtlRun(exit, out.toString(), err.toString());
  }

  /** All commands, printing nowhere. */
  static CommandLine commandLine() {
    PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
    return ShadowCtl.commandLine(
        new Output(nowhere, nowhere, Map.of(), false, () -> new Output.Screen(80, 24)));
  }

  List<String> lines() {
    return out.lines().toList();
  }

  /** The changes of state it printed, in the form {@code BUILDING -> BUILT}. */
  List<String> transitions() {
    return lines().stream()
        .filter(line -> line.contains(" -> "))
        .map(line -> line.replaceFirst(":.*", ""))
        .toList();
  }

  /** What stands behind a label of the output, as in {@code id 1234}. */
  String value(String label) {
    return lines().stream()
        .filter(line -> line.startsWith(label + " "))
        .map(line -> line.substring(label.length()).strip())
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + label + " in: " + out));
  }
}
