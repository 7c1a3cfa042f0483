package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static org.assertj.core.api.Assertions.assertThat;
import static org.jooq.impl.DSL.selectFrom;

import io.shadowindex.server.build.BuildLimits;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.SwitchPolicy;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jooq.Condition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What retention costs depends on what is kept, not on what there has ever been. */
final class RetentionQueryTest {

  private static final int BUILDS = 300;
  private static final int WITH_FILES = 5;
  private static final IndexKey KEY = new IndexKey("main", IndexType.SEARCH_INDEX, "default");

  private H2Database database;

  @BeforeEach
  void open(@TempDir Path directory) {
    database =
        H2Database.open(
            directory,
            failure -> {
              throw new AssertionError(failure);
            });
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void buildsWhoseFilesHaveGoneAreNotRead() {
    var builds = new JooqBuildStore(database, BuildLimits.NONE, InstantSource.system());
    var spec =
        new BuildSpec(
            KEY,
            List.of("object_type"),
            false,
            0,
            List.of(),
            SwitchPolicy.DEFAULT,
            "",
            "",
            Map.of());
    for (int i = 0; i < BUILDS; i++) {
      var _ = builds.create(UUID.randomUUID(), spec);
      execute("update index_slot set live_build_id = null");
    }
    execute(
        """
        update shadow_index set state = 'CLEANUP', backup = true, switched_at = current_timestamp,
          retain_until = current_timestamp, files_deleted_at = current_timestamp
        """);
    execute(
        """
        update shadow_index set files_deleted_at = null where sequence in
          (select sequence from shadow_index order by sequence desc fetch first %d rows only)
        """
            .formatted(WITH_FILES));
    Instant later = Instant.now().plusSeconds(60);

    assertThat(builds.expired(later, 2, BUILDS)).hasSize(WITH_FILES - 2);
    assertThat(rowsRead(Retention.mayLoseFiles(later, 2))).isBetween(1L, BUILDS / 3L);
    assertThat(rowsRead(BuildRows.isRetainedBy(KEY))).isBetween(1L, WITH_FILES + 1L);
  }

  private void execute(String sql) {
    database.write(transaction -> transaction.execute(sql));
  }

  private long rowsRead(Condition condition) {
    return Explained.rowsRead(database, selectFrom(SHADOW_INDEX).where(condition));
  }
}
