package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.ReportProgressRequest;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl progress}. */
@Command(name = "progress", description = "Report how far a build is.")
final class ProgressCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

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

  ProgressCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    ReportProgressRequest.Builder report =
        ReportProgressRequest.newBuilder().setShadowIndexId(id).setProgressPercent(percent);
    if (records != null) {
      report.setRecordCount(records);
    }
    if (eta != null) {
      report.setEstimatedCompletionSeconds(eta);
    }
    try (ShadowIndexClient client = ctl.connect()) {
      BuildProgress recorded = client.reportProgress(report.build()).getProgress();
      ctl.print("%s", ProgressText.of(recorded));
      return Exit.OK.code();
    }
  }
}
