package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.BuildCount.BUILD_COUNT;
import static org.jooq.impl.DSL.sum;
import static org.jooq.impl.DSL.when;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.index.IndexKey;
import java.util.List;
import java.util.Map;
import org.jooq.Condition;
import org.jooq.DSLContext;

/**
 * The rows that say how many builds there are in each state, so that nobody has to look at all
 * builds to count them. They change in the transaction that changes the state.
 */
final class BuildCounts {

  /** Whose rows count the builds of all branches; no branch has this name. */
  private static final String ALL_BRANCHES = "";

  private BuildCounts() {}

  /** Counts a new build. */
  static void add(DSLContext transaction, IndexKey key, BuildState state) {
    change(transaction, key, List.of(state.name()), state);
  }

  /** Counts a build as being in another state than before. */
  static void move(DSLContext transaction, IndexKey key, BuildState from, BuildState to) {
    change(transaction, key, List.of(from.name(), to.name()), to);
  }

  private static void change(
      DSLContext transaction, IndexKey key, List<String> states, BuildState gains) {
    List<String> branches = List.of(ALL_BRANCHES, key.branchName());
    int changed =
        transaction
            .update(BUILD_COUNT)
            .set(
                BUILD_COUNT.BUILDS,
                BUILD_COUNT.BUILDS.plus(
                    when(BUILD_COUNT.STATE.eq(gains.name()), 1L).otherwise(-1L)))
            .where(BUILD_COUNT.BRANCH_NAME.in(branches))
            .and(BUILD_COUNT.INDEX_TYPE.eq(key.indexType().name()))
            .and(BUILD_COUNT.STATE.in(states))
            .execute();
    if (changed == branches.size() * states.size()) {
      return;
    }
    for (String branch : branches) { // the first build in that state has no row to be counted in
      transaction
          .insertInto(BUILD_COUNT)
          .set(BUILD_COUNT.BRANCH_NAME, branch)
          .set(BUILD_COUNT.INDEX_TYPE, key.indexType().name())
          .set(BUILD_COUNT.STATE, gains.name())
          .set(BUILD_COUNT.BUILDS, 1L)
          .onConflictDoNothing()
          .execute();
    }
  }

  /** How many builds match, by state; states without builds are left out. */
  static Map<BuildState, Long> count(DSLContext query, BuildFilter filter) {
    String branch = filter.branchName() == null ? ALL_BRANCHES : filter.branchName();
    Condition condition = BUILD_COUNT.BRANCH_NAME.eq(branch).and(BUILD_COUNT.BUILDS.gt(0L));
    if (filter.indexType() != null) {
      condition = condition.and(BUILD_COUNT.INDEX_TYPE.eq(filter.indexType().name()));
    }
    if (!filter.states().isEmpty()) {
      condition =
          condition.and(
              BUILD_COUNT.STATE.in(filter.states().stream().map(BuildState::name).toList()));
    }
    return query
        .select(BUILD_COUNT.STATE, sum(BUILD_COUNT.BUILDS))
        .from(BUILD_COUNT)
        .where(condition)
        .groupBy(BUILD_COUNT.STATE)
        .fetchMap(
            counted -> BuildState.valueOf(counted.value1()),
            counted -> counted.value2().longValue());
  }
}
