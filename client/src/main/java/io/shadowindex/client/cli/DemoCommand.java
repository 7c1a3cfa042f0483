package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.lucene.SourceFiles;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl demo}. */
@Command(
    name = "demo",
    description = {
      "Rebuild an index while readers search it, and count what goes wrong.",
      "Builds generation 1 of branch main from nine tenths of the files and switches to it; then"
          + " builds generation 2 from all of them and switches while readers search the live index"
          + " without pause. Exits with 1 when a search failed."
    },
    footer = {"shadowctl demo --input docs --readers 8"})
final class DemoCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Mixin private final WorkerOptions work = new WorkerOptions();

  @Option(
      names = "--readers",
      paramLabel = "N",
      defaultValue = "4",
      converter = AtLeastOne.class,
      description = "How many threads search; default ${DEFAULT-VALUE}.")
  private int readers;

  DemoCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    try (SourceFiles source = SourceFiles.open(work.input());
        ShadowIndexClient client = ctl.connect()) {
      if (source.files().size() < Demo.FEWEST_FILES) {
        throw new CommandFailure(Exit.USAGE, "The demo needs at least 2 files.");
      }
      Demo demo = new Demo(ctl, client, source, work.threads(), readers);
      try (InterruptGuard _ = new InterruptGuard(demo::stop)) {
        return run(demo).code();
      }
    }
  }

  private Exit run(Demo demo) throws IOException, InterruptedException {
    try {
      DemoSummary summary = demo.run();
      summary.print(ctl, work.input());
      return summary.succeeded() ? Exit.OK : Exit.REFUSED;
    } catch (CancellationException e) {
      // Said here, as the process goes down once the guard is closed.
      ctl.output().err().println("shadowctl: Interrupted; the build is CANCELLED.");
      return Exit.REFUSED;
    }
  }
}
