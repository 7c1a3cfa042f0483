package io.shadowindex.client.cli;

import io.shadowindex.client.BuildWatch;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchBuildRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code shadowctl watch}. */
@Command(
    name = "watch",
    description = {
      "Watch a build until it is live or given up.",
      "A progress bar on a terminal, one line for each event otherwise. Exits with 0 when the build"
          + " became ACTIVE, with 1 when it FAILED or was CANCELLED."
    })
final class WatchCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  WatchCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    WatchBuildRequest request = WatchBuildRequest.newBuilder().setShadowIndexId(id).build();
    try (ShadowIndexClient client = ctl.connect();
        BuildWatch watch = client.watchBuild(request);
        ProgressView view = ProgressView.on(ctl.output(), 0)) {
      State last = new BuildFollower(view).follow(watch);
      boolean live = last == State.ACTIVE || last == State.CLEANUP;
      return (live ? Exit.OK : Exit.REFUSED).code();
    }
  }
}
