package io.shadowindex.client.examples;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.ShadowIndexException;
import io.shadowindex.client.WorkerSession;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

/** A worker whose index is a file of words. */
public final class WorkerExample {
  private WorkerExample() {}

  public static Optional<ShadowIndex> build(ShadowIndexClient client, List<String> words)
      throws IOException {
    // @start region="example"
    StartBuildRequest request =
        StartBuildRequest.newBuilder()
            .setBranchName("main")
            .setIndexType(IndexType.Enum.SEARCH_INDEX)
            .addResourceTypes("object_type")
            .build();
    try (WorkerSession session = WorkerSession.start(client, request)) {
      try (Writer index = Files.newBufferedWriter(session.directory().resolve("words"))) {
        for (int done = 1; done <= words.size(); done++) {
          index.write(words.get(done - 1) + "\n");
          session.report(100 * done / words.size(), done);
        }
      } catch (IOException e) {
        session.failing("cannot write the index: " + e); // what close() tells the server
        throw e;
      }
      return Optional.of(
          session.complete(CompleteBuildRequest.newBuilder().setRecordCount(words.size()).build()));
    } catch (ShadowIndexException.BuildLost e) {
      return Optional.empty(); // cancelled, or another worker has it: nothing is left to do
    }
    // @end
  }
}
