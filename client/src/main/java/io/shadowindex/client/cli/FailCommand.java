package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.FailBuildRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl fail}. */
@Command(name = "fail", description = "Declare a build failed; it can be retried.")
final class FailCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  @Option(
      names = "--message",
      required = true,
      paramLabel = "TEXT",
      description = "What went wrong. Required.")
  private String message = "";

  FailCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    try (ShadowIndexClient client = ctl.connect()) {
      client.failBuild(
          FailBuildRequest.newBuilder().setShadowIndexId(id).setErrorMessage(message).build());
      ctl.print("Build %s is FAILED; shadowctl retry starts it again.", id);
      return Exit.OK.code();
    }
  }
}
