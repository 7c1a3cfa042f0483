package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.lucene.LuceneWorker;
import io.shadowindex.client.lucene.SourceFiles;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.SwitchIndexRequest;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl index}. */
@Command(
    name = "index",
    description = {
      "Build a search index of the text files below a directory or in a zip.",
      "Works on the machine of the server. Files with a NUL byte in their first 8 KiB or larger than"
          + " 16 MiB are skipped."
    },
    footer = {
      "shadowctl index --branch main --input docs",
      "shadowctl index --branch main --input sources.zip --switch --probe-query content:lock"
    })
final class IndexCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Mixin private final BuildOptions build = new BuildOptions();

  @Mixin private final WorkerOptions work = new WorkerOptions();

  @Option(names = "--switch", description = "Make the new generation the live one.")
  private boolean switchWhenBuilt;

  @Mixin private final SwitchOptions switching = new SwitchOptions();

  IndexCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    try (SourceFiles source = SourceFiles.open(work.input());
        ShadowIndexClient client = ctl.connect()) {
      if (source.files().isEmpty()) {
        throw new CommandFailure(Exit.USAGE, "There are no files in " + work.input() + ".");
      }
      LuceneWorker worker = new LuceneWorker(client, work.threads());
      try (InterruptGuard _ = new InterruptGuard(worker::stop)) {
        return index(client, worker, source).code();
      }
    }
  }

  private Exit index(ShadowIndexClient client, LuceneWorker worker, SourceFiles source)
      throws IOException, InterruptedException {
    ShadowIndex built;
    try (WorkerView view = new WorkerView(ctl.output())) {
      built = worker.build(build.request().build(), source, source.files(), view);
    } catch (CancellationException e) {
      // Said here, as the process goes down once the guard is closed.
      ctl.output().err().println("shadowctl: Interrupted; the build is CANCELLED.");
      return Exit.REFUSED;
    }
    if (!switchWhenBuilt) {
      ctl.show(built);
    }
    ctl.print("Build %s is %s", built.getShadowIndexId(), built.getState());
    if (!switchWhenBuilt) {
      return Exit.OK;
    }
    SwitchIndexRequest request = switching.request(built.getShadowIndexId()).build();
    return SwitchReport.print(ctl, client.switchIndex(request));
  }
}
