package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.ResumeBuildRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code shadowctl resume}. */
@Command(name = "resume", description = "Tell the workers of a paused build to go on.")
final class ResumeCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  ResumeCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    try (ShadowIndexClient client = ctl.connect()) {
      var _ = client.resumeBuild(ResumeBuildRequest.newBuilder().setShadowIndexId(id).build());
      ctl.print("Build %s goes on", id);
      return Exit.OK.code();
    }
  }
}
