package io.shadowindex.server.build;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class ProgressBoardTest {

  @Test
  void theEndOfAnAttemptLeavesTheNextOneOnTheBoard() {
    var board = new ProgressBoard();
    UUID id = UUID.randomUUID();
    board.put(attempt(id, 1), Instant.EPOCH);
    board.put(attempt(id, 2), Instant.EPOCH);

    board.remove(id, 1);
    assertThat(board.newest(id)).map(ShadowIndex::fencingToken).contains(2L);

    board.remove(id, 2);
    assertThat(board.newest(id)).isEmpty();
  }

  @Test
  void aClaimThatComesLateDoesNotTakeTheBuildFromALaterOne() {
    var board = new ProgressBoard();
    UUID id = UUID.randomUUID();
    board.put(attempt(id, 2), Instant.EPOCH);

    board.put(attempt(id, 1), Instant.EPOCH);
    board.remove(id, 1);

    assertThat(board.newest(id)).map(ShadowIndex::fencingToken).contains(2L);
  }

  @Test
  void whatAPauseTookIsNotCountedAsTimeThatWasNeeded() {
    var board = new ProgressBoard();
    UUID id = UUID.randomUUID();
    board.put(attempt(id, 1), Instant.EPOCH);
    report(board, id, 10, 10);
    board.update(attempt(id, 1, true), Instant.EPOCH.plusSeconds(10));
    Instant later = Instant.EPOCH.plusSeconds(3_610);
    assertThat(board.newest(id).orElseThrow().estimatedCompletion(later)).isNull();

    board.update(attempt(id, 1), later);
    assertThat(board.newest(id).orElseThrow().estimatedCompletion(later))
        .extracting(Estimate::likely)
        .isEqualTo(90);
    ShadowIndex after = report(board, id, 20, 3_620);

    Instant now = Instant.EPOCH.plusSeconds(3_620);
    assertThat(after.estimatedCompletion(now)).extracting(Estimate::likely).isEqualTo(80);
    assertThat(after.progress().recordsPerSecond()).isEqualTo(100);
  }

  /** Reports that much, and as many thousands of records as tens of percent, at that second. */
  private static ShadowIndex report(ProgressBoard board, UUID id, int percent, int second) {
    var report = new ProgressReport("", percent, percent * 100L, null, null, 1, null);
    return board.report(id, report, Instant.EPOCH.plusSeconds(second)).orElseThrow();
  }

  private static ShadowIndex attempt(UUID id, int attempt) {
    return attempt(id, attempt, false);
  }

  private static ShadowIndex attempt(UUID id, int attempt, boolean paused) {
    var key = new IndexKey("main", IndexType.SEARCH_INDEX, IndexKey.DEFAULT_NAME);
    return new ShadowIndex(
        id,
        1,
        new BuildSpec(
            key,
            List.of("object_type"),
            false,
            0,
            List.of(),
            SwitchPolicy.DEFAULT,
            "",
            "",
            Map.of()),
        BuildState.BUILDING,
        attempt,
        attempt,
        1,
        new BuildProgress(0, 0, null, null),
        null,
        new ShadowIndex.Times(Instant.EPOCH, Instant.EPOCH, null, null, null, null),
        false,
        false,
        null,
        "",
        false,
        paused);
  }
}
