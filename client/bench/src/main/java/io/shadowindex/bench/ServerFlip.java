package io.shadowindex.bench;

import io.shadowindex.bench.Plan.Generation;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * ShadowIndex switching between two generations: after the first two switches by rollbacks, which
 * are the same cutover (journal, lock, rename, verification) and need no new files.
 */
final class ServerFlip implements Flip {

  private final ShadowIndexServer server;
  private final String indexName;
  private final Path live;
  private final List<String> generations;
  private int flips;

  ServerFlip(ShadowIndexServer server, String indexName, Generation generation) throws IOException {
    this.server = server;
    this.indexName = indexName;
    ShadowIndex first = built(server, indexName, generation);
    var _ = switchTo(server, first);
    ShadowIndex second = built(server, indexName, generation);
    var _ = switchTo(server, second);
    this.generations = List.of(first.getShadowIndexId(), second.getShadowIndexId());
    this.live = Path.of(first.getCurrentIndexPath());
  }

  /** A complete build of sparse files. */
  static ShadowIndex built(ShadowIndexServer server, String indexName, Generation generation)
      throws IOException {
    ShadowIndex build = server.startBuild(indexName);
    GenerationFiles.writeSparse(Path.of(build.getShadowIndexPath()), generation);
    return server
        .stub()
        .completeBuild(
            CompleteBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setRecordCount(1)
                .build())
        .getShadowIndex();
  }

  static SwitchIndexResponse switchTo(ShadowIndexServer server, ShadowIndex build) {
    SwitchIndexResponse answer =
        server
            .stub()
            .switchIndex(
                SwitchIndexRequest.newBuilder()
                    .setShadowIndexId(build.getShadowIndexId())
                    .setBackupCurrent(true)
                    .build());
    if (!answer.getSuccess()) {
      throw new IllegalStateException("the switch failed: " + answer.getMessage());
    }
    return answer;
  }

  @Override
  public String name() {
    return ShadowIndexServer.NAME;
  }

  @Override
  public long flip() {
    var answer =
        server
            .stub()
            .rollbackIndex(
                RollbackIndexRequest.newBuilder()
                    .setBranchName(ShadowIndexServer.BRANCH)
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .setIndexName(indexName)
                    .setShadowIndexId(generations.get(flips++ % generations.size()))
                    .build());
    if (!answer.getSuccess()) {
      throw new IllegalStateException("the rollback failed: " + answer.getMessage());
    }
    return answer.getLockHeldMicros() * 1_000;
  }

  @Override
  public Path liveFile() {
    return live.resolve(GenerationFiles.name(0));
  }

  @Override
  public void close() {}
}
