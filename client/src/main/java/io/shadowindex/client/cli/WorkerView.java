package io.shadowindex.client.cli;

import io.shadowindex.client.lucene.IndexingResult;
import io.shadowindex.client.lucene.LuceneWorker;
import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.ShadowIndex;
import java.util.Map;
import java.util.stream.Collectors;

/** Shows what a worker of this process does. */
final class WorkerView implements LuceneWorker.Observer, AutoCloseable {
  private static final int PERCENT_BETWEEN_LINES = 10;

  private final ProgressView view;

  WorkerView(Output output) {
    view = ProgressView.on(output, PERCENT_BETWEEN_LINES);
  }

  @Override
  public void started(ShadowIndex build) {
    view.event("Build " + build.getShadowIndexId() + " writes to " + build.getShadowIndexPath());
  }

  @Override
  public void progressed(BuildProgress progress) {
    view.progress(progress);
  }

  @Override
  public void indexed(IndexingResult result) {
    view.close();
    view.event(
        Words.text(
            "Indexed %,d files, %s%s",
            result.documents(), Words.mebibytes(result.bytes()), skipped(result)));
  }

  @Override
  public void close() {
    view.close();
  }

  private static String skipped(IndexingResult result) {
    return result.skipped().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(entry -> Words.text("; skipped %,d %s", entry.getValue(), entry.getKey().words()))
        .collect(Collectors.joining());
  }
}
