package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ReportProgressResponse;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl progress}. */
@Command(
    name = "progress",
    description = "Report how far a build is.",
    footer = {"shadowctl progress 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --percent 60 --records 600"})
final class ProgressCommand extends ClientCommand.OfBuild {
  @Option(
      names = "--percent",
      required = true,
      paramLabel = "N",
      description = "0 to 100. Required.")
  private int percent;

  @Option(names = "--records", paramLabel = "N", description = "Records indexed so far.")
  private @Nullable Long records;

  @Option(
      names = "--eta",
      paramLabel = "SECONDS",
      description = "Seconds to go; left out, the server extrapolates.")
  private @Nullable Integer eta;

  @Mixin private final FencingOption fencing = new FencingOption();

  ProgressCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    ReportProgressRequest.Builder report =
        ReportProgressRequest.newBuilder()
            .setShadowIndexId(id())
            .setProgressPercent(percent)
            .setFencingToken(fencing.token());
    if (records != null) {
      report.setRecordCount(records);
    }
    if (eta != null) {
      report.setEstimatedCompletionSeconds(eta);
    }
    ReportProgressResponse answer = client.reportProgress(report.build());
    ctl.show(answer);
    ctl.print("%s", ProgressText.of(answer.getProgress()));
    return Exit.OK;
  }
}
