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

  private static ShadowIndex attempt(UUID id, int attempt) {
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
        new ShadowIndex.Times(Instant.EPOCH, null, null, null, null, null),
        false,
        false,
        null,
        "",
        false,
        false);
  }
}
