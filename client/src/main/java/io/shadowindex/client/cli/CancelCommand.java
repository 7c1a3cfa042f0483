package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.CancelBuildRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl cancel}. */
@Command(name = "cancel", description = "Give a build up; its files are deleted.")
final class CancelCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  @Option(names = "--reason", paramLabel = "TEXT", defaultValue = "", description = "Why.")
  private String reason = "";

  CancelCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    try (ShadowIndexClient client = ctl.connect()) {
      CancelBuildRequest request =
          CancelBuildRequest.newBuilder().setShadowIndexId(id).setReason(reason).build();
      ctl.print("%s", client.cancelBuild(request).getMessage());
      return Exit.OK.code();
    }
  }
}
