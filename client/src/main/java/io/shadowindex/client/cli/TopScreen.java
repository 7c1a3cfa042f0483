package io.shadowindex.client.cli;

import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ShadowIndex.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Draws the board: over what was drawn before on a terminal, below it otherwise. */
final class TopScreen implements AutoCloseable {
  private static final String HOME = "\u001b[H";
  private static final String ERASE_TO_LINE_END = "\u001b[K";
  private static final String ERASE_BELOW = "\u001b[J";
  private static final String HIDE_CURSOR = "\u001b[?25l";
  private static final String SHOW_CURSOR = "\u001b[?25h";
  private static final String PLAIN = "\u001b[0m";

  /** What the width of a classic terminal has room for. */
  private static final int ROOMY = 80;

  /** Where ids fit in full. */
  private static final int WIDE = 120;

  private final Output output;
  private final String server;
  private boolean drawn;

  TopScreen(Output output, String server) {
    this.output = output;
    this.server = server;
  }

  /** Draws it; where there is no terminal, only when something changed. */
  void draw(TopBoard board, boolean changed, Instant now) {
    if (!output.terminal()) {
      if (changed || !drawn) {
        drawn = true;
        lines(board, now, Integer.MAX_VALUE).forEach(output.out()::println);
        output.out().println();
      }
      return;
    }
    Output.Screen size = output.screen().get();
    String frame =
        lines(board, now, size.columns()).stream()
            .limit(Math.max(size.rows() - 1, 1))
            .map(line -> line + ERASE_TO_LINE_END + System.lineSeparator())
            .collect(Collectors.joining());
    output.out().print((drawn ? "" : HIDE_CURSOR) + HOME + frame + ERASE_BELOW);
    output.out().flush();
    drawn = true;
  }

  /** Leaves the last picture where it is. */
  @Override
  public void close() {
    if (drawn && output.terminal()) {
      output.out().print(SHOW_CURSOR);
      output.out().flush();
    }
  }

  private List<String> lines(TopBoard board, Instant now, int columns) {
    List<String> lines = new ArrayList<>();
    String state = board.isStale() ? "the server does not answer" : Words.timeOfDay(now);
    lines.add(Table.cut("top  " + server + "  " + state, columns));
    lines.add(Table.cut(counts(board), columns));
    if (!board.builds().isEmpty()) {
      lines.add("");
      lines.addAll(builds(board.builds(), columns));
    }
    if (!board.locks().isEmpty()) {
      lines.add("");
      lines.addAll(locks(board.locks(), now, columns));
    }
    return lines;
  }

  private static String counts(TopBoard board) {
    String states =
        board.builds().stream()
            .collect(
                Collectors.groupingBy(TopBoard.Build::state, TreeMap::new, Collectors.counting()))
            .entrySet()
            .stream()
            .map(count -> count.getValue() + " " + Words.lower(count.getKey().name()))
            .collect(Collectors.joining(", "));
    return (states.isEmpty() ? "no builds" : states)
        + Words.text(
            "; %,d %s", board.locks().size(), board.locks().size() == 1 ? "lock" : "locks");
  }

  private List<String> builds(List<TopBoard.Build> builds, int columns) {
    boolean roomy = columns >= ROOMY;
    Table table =
        roomy
            ? new Table("BUILD", "STATE", "DONE", "RECORDS", "RATE", "ETA", "INDEX", "")
            : new Table("BUILD", "STATE", "DONE", "INDEX", "");
    for (TopBoard.Build build : builds) {
      BuildProgress progress = build.progress();
      String id = columns >= WIDE ? build.id() : build.id().substring(0, 8);
      String done = progress.getBuildProgressPercent() + "%";
      if (roomy) {
        boolean working = build.state() == State.BUILDING;
        table.row(
            id,
            build.state(),
            done,
            Words.text("%,d", progress.getRecordCount()),
            working && progress.hasRecordsPerSecond()
                ? Words.text("%,.0f/s", progress.getRecordsPerSecond())
                : "",
            working && progress.hasEstimatedCompletionSeconds()
                ? Words.clock(Duration.ofSeconds(progress.getEstimatedCompletionSeconds()))
                : "",
            build.index(),
            build.note());
      } else {
        table.row(id, build.state(), done, build.index(), build.note());
      }
    }
    List<String> lines = new ArrayList<>(table.lines(columns));
    for (int i = 0; i < builds.size(); i++) {
      State state = builds.get(i).state();
      lines.set(i + 1, colored(lines.get(i + 1), state));
    }
    return lines;
  }

  private static List<String> locks(List<Lock> locks, Instant now, int columns) {
    boolean roomy = columns >= ROOMY;
    Table table =
        roomy
            ? new Table("LOCK", "OWNER", "MODE", "FOR", "LEFT", "ON")
            : new Table("LOCK", "OWNER", "LEFT", "ON");
    for (Lock lock : locks) {
      String id = columns >= WIDE ? lock.getLockId() : lock.getLockId().substring(0, 8);
      long left = Math.max(lock.getExpiresAt().getSeconds() - now.getEpochSecond(), 0);
      String time = lock.hasExpiresAt() ? Words.clock(Duration.ofSeconds(left)) : "-";
      if (roomy) {
        table.row(
            id, lock.getOwner(), lock.getMode(), lock.getLockType(), time, LockTarget.name(lock));
      } else {
        table.row(id, lock.getOwner(), time, LockTarget.name(lock));
      }
    }
    return table.lines(columns);
  }

  private String colored(String line, State state) {
    int code =
        switch (state) {
          case PREPARING, BUILDING -> 36;
          case BUILT, SWITCHING -> 33;
          case ACTIVE -> 32;
          case FAILED -> 31;
          case CLEANUP, CANCELLED, STATE_UNSPECIFIED, UNRECOGNIZED -> 0;
        };
    return output.color()
        ? line.replaceFirst(state.name(), "\u001b[" + code + "m" + state + PLAIN)
        : line;
  }
}
