package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import java.time.Duration;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl top}. */
@Command(
    name = "top",
    description = {
      "Show all builds and locks, live.",
      "A table that is redrawn on a terminal, until Ctrl-C; where there is none, a table whenever"
          + " something has changed. With -o json or yaml, all that is told of builds and locks, as it"
          + " comes."
    },
    footer = {
      "shadowctl top",
      "shadowctl top --branch main --interval 200ms",
      "shadowctl top --once",
      "shadowctl top -o json"
    })
final class TopCommand extends ClientCommand {
  @Option(
      names = "--branch",
      paramLabel = "BRANCH",
      defaultValue = "",
      description = "Only builds and locks of this branch.")
  private String branch = "";

  @Option(
      names = "--interval",
      paramLabel = "TIME",
      defaultValue = "1s",
      description = "How long to wait before it is drawn again; default ${DEFAULT-VALUE}.")
  private Duration interval = Duration.ZERO;

  @Option(names = "--once", description = "Print what there is now, and end.")
  private boolean once;

  TopCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    Thread reader = Thread.currentThread();
    TopBoard board = new TopBoard();
    try (InterruptGuard _ = new InterruptGuard(reader::interrupt);
        TopFeed feed = new TopFeed(client, branch);
        TopScreen screen = new TopScreen(ctl.output(), String.valueOf(ctl.settings().server()))) {
      while (!(once && board.isWhole())) {
        boolean changed = board.take(feed, interval, ctl::showOne);
        if (board.isWhole()) {
          screen.draw(board, changed, Instant.now());
        }
      }
      return Exit.OK;
    } catch (InterruptedException e) {
      return Exit.OK; // Ctrl-C is how it ends
    }
  }
}
