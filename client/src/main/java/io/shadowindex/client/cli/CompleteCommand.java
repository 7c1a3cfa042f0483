package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.CompleteBuildResponse;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl complete}. */
@Command(name = "complete", description = "Complete a build: its files are checked and sealed.")
final class CompleteCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  @Option(
      names = "--records",
      required = true,
      paramLabel = "N",
      description = "Records in the index. Required.")
  private long records;

  @Option(
      names = "--expected-records",
      paramLabel = "N",
      description = "Records there should be; with fewer a switch is refused.")
  private @Nullable Long expectedRecords;

  @Option(
      names = "--size",
      paramLabel = "BYTES",
      description = "Size of the index; left out, the server measures it.")
  private @Nullable Long size;

  @Option(
      names = "--watermark",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "What the source data was up to, such as a commit.")
  private String watermark = "";

  CompleteCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    CompleteBuildRequest.Builder request =
        CompleteBuildRequest.newBuilder()
            .setShadowIndexId(id)
            .setRecordCount(records)
            .setSourceWatermark(watermark);
    if (expectedRecords != null) {
      request.setExpectedRecordCount(expectedRecords);
    }
    if (size != null) {
      request.setIndexSizeBytes(size);
    }
    try (ShadowIndexClient client = ctl.connect()) {
      CompleteBuildResponse completed = client.completeBuild(request.build());
      ctl.print("%s", completed.getMessage());
      ctl.print(
          "%,d records, %s",
          completed.getShadowIndex().getRecordCount(),
          Words.mebibytes(completed.getShadowIndex().getIndexSizeBytes()));
      return Exit.OK.code();
    }
  }
}
