package io.shadowindex.server.storage;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.Generation;
import io.shadowindex.server.index.SwitchStrategy;
import io.shadowindex.server.lock.LockMode;
import io.shadowindex.server.lock.LockName;
import io.shadowindex.server.lock.LockRequest;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.lock.LockType;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.switchover.SwitchJournal;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A state that an older server wrote, from the first schema on, is one that this server goes on
 * with.
 */
final class SchemaUpgradeTest {

  /** What the first schema can hold. */
  private static final String ROWS =
      """
      insert into shadow_index (shadow_index_id, sequence, branch_name, index_type, index_name,
        resource_types, full_rebuild, parallel_workers, service_name, service_instance_id, labels, state,
        attempt, fencing_token, revision, progress_percent, record_count, created_at, error_message)
      select random_uuid(), x, 'branch-' || x, 'SEARCH_INDEX', 'default', array['object_type'], true, 1,
        'worker', 'worker-1', '{"team":"search"}',
        array['PREPARING', 'BUILDING', 'BUILT', 'SWITCHING', 'ACTIVE', 'CLEANUP', 'FAILED', 'CANCELLED'][x],
        1, x, x, 10, 1000, current_timestamp, '' from system_range(1, 8);
      insert into index_slot
      select branch_name, index_type, index_name,
        case when state in ('PREPARING', 'BUILDING', 'BUILT', 'SWITCHING') then shadow_index_id end,
        case when state = 'ACTIVE' then shadow_index_id end
      from shadow_index;
      insert into build_event (revision, shadow_index_id, previous_state, state, attempt, message,
        occurred_at)
      select revision, shadow_index_id, null, state, 1, 'from before', current_timestamp from shadow_index;
      insert into switch_journal (shadow_index_id, branch_name, index_type, index_name, old_id, step,
        backup_current, remark, began_at)
      select shadow_index_id, branch_name, index_type, index_name, null, 'INTENDED', true, '',
        current_timestamp from shadow_index where state = 'SWITCHING';
      update counter set revision = 8, fencing_token = 8;
      """;

  @TempDir private Path directory;

  static Stream<String> versions() {
    return Arrays.stream(migrations("jdbc:h2:mem:versions").info().all())
        .map(MigrationInfo::getVersion)
        .map(Object::toString);
  }

  @ParameterizedTest
  @MethodSource("versions")
  void aStateOfEachVersionIsGoneOnWith(String version) throws SQLException {
    String url = "jdbc:h2:file:" + directory.resolve("shadowindex");
    migrate(url, "1");
    try (var connection = DriverManager.getConnection(url, "", "");
        var statement = connection.createStatement()) {
      statement.execute(ROWS);
    }
    migrate(url, version);

    try (StateStore state = StateStore.open(directory, InstantSource.system(), failure -> {})) {
      List<ShadowIndex> builds =
          state.builds().findByState(Set.of(BuildState.values())).stream().toList();
      assertThat(builds)
          .extracting(ShadowIndex::state)
          .containsExactlyInAnyOrder(BuildState.values());
      assertThat(builds)
          .allSatisfy(
              build -> {
                assertThat(build.spec().resourceTypes()).containsExactly("object_type");
                assertThat(build.spec().switching().strategy())
                    .isEqualTo(SwitchStrategy.ATOMIC_RENAME);
                assertThat(build.spec().probeQueries()).isEmpty();
              });
      var everything = new BuildFilter(null, null, Set.of());
      assertThat(state.builds().list(everything, Long.MAX_VALUE, 1).counts())
          .isEqualTo(Stream.of(BuildState.values()).collect(toMap(each -> each, each -> 1L)));
      var ofOneBranch = new BuildFilter("branch-7", null, Set.of());
      assertThat(state.builds().list(ofOneBranch, Long.MAX_VALUE, 1).counts())
          .isEqualTo(Map.of(BuildState.FAILED, 1L));
      assertThat(state.log().newestRevision()).isEqualTo(8);
      assertThat(state.log().after(0, 100)).hasSize(8);
      assertThat(state.switches().open())
          .singleElement()
          .extracting(SwitchJournal::kind, SwitchJournal::generation)
          .containsExactly(SwitchJournal.Kind.SWITCH, generation(builds, BuildState.SWITCHING));
      assertThat(state.switches().liveGenerations())
          .extracting(live -> live.active())
          .contains(generation(builds, BuildState.ACTIVE));
      state.switches().abort(state.switches().open().getFirst(), "as recovery does");
      assertThat(state.builds().find(generation(builds, BuildState.SWITCHING).id()))
          .hasValueSatisfying(build -> assertThat(build.state()).isEqualTo(BuildState.BUILT));
    }
  }

  @Test
  void leasesFromBeforeTheyWereCountedCountAndLocksOfSwitchesDoNot() throws SQLException {
    String url = "jdbc:h2:file:" + directory.resolve("shadowindex");
    migrate(url, "13");
    UUID lease = UUID.randomUUID();
    try (var connection = DriverManager.getConnection(url, "", "");
        var statement = connection.createStatement()) {
      statement.execute(heldLock(lease, "a", "current_timestamp + interval '1' hour"));
      statement.execute(heldLock(lease, "b", "current_timestamp + interval '1' hour"));
      statement.execute(heldLock(UUID.randomUUID(), "c", "null"));
    }

    try (StateStore state = StateStore.open(directory, InstantSource.system(), failure -> {})) {
      LockStore locks = state.locks(2);
      assertThat(locks.tryAcquire(UUID.randomUUID(), request("d")))
          .isInstanceOf(LockStore.Granted.class);
      assertThatThrownBy(() -> locks.tryAcquire(UUID.randomUUID(), request("e")))
          .isInstanceOfSatisfying(
              RefusedException.class,
              refused -> assertThat(refused.refusal()).isEqualTo(new Refusal.TooManyLocks(2)));
      locks.forceRelease(lease, "root", "to make room");
      assertThat(locks.tryAcquire(UUID.randomUUID(), request("e")))
          .isInstanceOf(LockStore.Granted.class);
    }
  }

  private static String heldLock(UUID id, String type, String expiresAt) {
    return """
        insert into held_lock (branch_name, resource_type, resource_id, lock_id, lock_type, lock_mode,
          owner, reason, ttl_seconds, heartbeat_interval_seconds, fencing_token, acquired_at, expires_at)
        values ('main', '%s', '', '%s', 'MANUAL', 'EXCLUSIVE', 'alice', '', 3600, 0, 1, current_timestamp, %s)
        """
        .formatted(type, id, expiresAt);
  }

  private static LockRequest request(String type) {
    return new LockRequest(
        LockName.resourceTypes("main", List.of(type)),
        LockType.MANUAL,
        LockMode.SHARED,
        "bob",
        "",
        Duration.ofSeconds(60),
        Duration.ZERO);
  }

  private static Generation generation(List<ShadowIndex> builds, BuildState state) {
    UUID id =
        builds.stream().filter(build -> build.state() == state).findFirst().orElseThrow().id();
    return new Generation(id, SwitchStrategy.ATOMIC_RENAME);
  }

  private static void migrate(String url, String version) {
    Flyway.configure()
        .configuration(migrations(url).getConfiguration())
        .target(version)
        .load()
        .migrate();
  }

  private static Flyway migrations(String url) {
    return Flyway.configure()
        .dataSource(url, "", "")
        .locations("classpath:io/shadowindex/server/storage/migration")
        .loggers("slf4j")
        .load();
  }
}
