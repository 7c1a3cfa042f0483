package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.CompleteBuildResponse;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl complete}. */
@Command(
    name = "complete",
    description = "Complete a build: its files are checked and sealed.",
    footer = {
      "shadowctl complete 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --records 1000",
      "shadowctl complete 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --records 1000 --expected-records 900 --watermark 5f77161"
    })
final class CompleteCommand extends ClientCommand.OfBuild {
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

  @Mixin private final FencingOption fencing = new FencingOption();

  CompleteCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    CompleteBuildRequest.Builder request =
        CompleteBuildRequest.newBuilder()
            .setShadowIndexId(id())
            .setRecordCount(records)
            .setSourceWatermark(watermark)
            .setFencingToken(fencing.token());
    if (expectedRecords != null) {
      request.setExpectedRecordCount(expectedRecords);
    }
    if (size != null) {
      request.setIndexSizeBytes(size);
    }
    CompleteBuildResponse completed = client.completeBuild(request.build());
    ctl.show(completed);
    ctl.print("%s", completed.getMessage());
    ctl.print(
        "%,d records, %s",
        completed.getShadowIndex().getRecordCount(),
        Words.mebibytes(completed.getShadowIndex().getIndexSizeBytes()));
    return Exit.OK;
  }
}
