package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.PauseBuildRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl pause}. */
@Command(name = "pause", description = "Tell the workers of a build to pause.")
final class PauseCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  @Option(names = "--reason", paramLabel = "TEXT", defaultValue = "", description = "Why.")
  private String reason = "";

  PauseCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    try (ShadowIndexClient client = ctl.connect()) {
      var _ =
          client.pauseBuild(
              PauseBuildRequest.newBuilder().setShadowIndexId(id).setReason(reason).build());
      ctl.print("Build %s is paused", id);
      return Exit.OK.code();
    }
  }
}
