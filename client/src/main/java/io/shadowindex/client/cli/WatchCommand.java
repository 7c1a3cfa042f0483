package io.shadowindex.client.cli;

import io.shadowindex.client.BuildWatch;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchBuildRequest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl watch}. */
@Command(
    name = "watch",
    description = {
      "Watch a build until it is live or given up.",
      "A progress bar on a terminal, one line for each event otherwise. Exits with 0 when the build"
          + " became ACTIVE, with 1 when it FAILED or was CANCELLED."
    },
    footer = {
      "shadowctl watch 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11",
      "shadowctl watch 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --follow -o json"
    })
final class WatchCommand extends ClientCommand.OfBuild {
  @Option(
      names = "--follow",
      description = "Go on when the build is live or failed: through rollbacks, retries, cleanup.")
  private boolean follow;

  @Option(
      names = "--from-revision",
      paramLabel = "N",
      description = "Go on after this revision instead of beginning with the build as it is.")
  private @Nullable Long fromRevision;

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description = "How long to wait for a server that goes away; default ${DEFAULT-VALUE}.")
  private int patience;

  WatchCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    WatchBuildRequest.Builder request =
        WatchBuildRequest.newBuilder().setShadowIndexId(id()).setFollow(follow);
    if (fromRevision != null) {
      request.setFromRevision(fromRevision);
    }
    try (BuildWatch watch = client.watchBuild(request.build(), Duration.ofSeconds(patience));
        ProgressView view = ctl.progress(0)) {
      State last = new BuildFollower(view, ctl::showOne).follow(watch);
      boolean live = last == State.ACTIVE || last == State.CLEANUP;
      return live ? Exit.OK : Exit.REFUSED;
    }
  }
}
