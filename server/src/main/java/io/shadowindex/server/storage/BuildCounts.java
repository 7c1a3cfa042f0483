package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.BuildCount.BUILD_COUNT;
import static org.jooq.impl.DSL.inline;
import static org.jooq.impl.DSL.select;
import static org.jooq.impl.DSL.sum;
import static org.jooq.impl.DSL.update;
import static org.jooq.impl.DSL.when;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.index.IndexKey;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;

/**
 * The rows that say how many builds there are in each state, so that nobody has to look at all
 * builds to count them. They change in the transaction that changes the state.
 */
final class BuildCounts {

  /** Whose rows count the builds of all branches; no branch has this name. */
  private static final String ALL_BRANCHES = "";

  private BuildCounts() {}

  private record Change(IndexKey key, BuildState from, BuildState to) {}

  private static final Kept<Change> CHANGE =
      new Kept<>(
          value ->
              update(BUILD_COUNT)
                  .set(
                      BUILD_COUNT.BUILDS,
                      BUILD_COUNT.BUILDS.plus(
                          when(
                                  BUILD_COUNT.STATE.eq(
                                      value.of(BUILD_COUNT.STATE, change -> change.to().name())),
                                  inline(1L))
                              .otherwise(inline(-1L))))
                  .where(
                      BUILD_COUNT.BRANCH_NAME.in(
                          inline(ALL_BRANCHES),
                          value.of(BUILD_COUNT.BRANCH_NAME, change -> change.key().branchName())))
                  .and(
                      BUILD_COUNT.INDEX_TYPE.eq(
                          value.of(
                              BUILD_COUNT.INDEX_TYPE, change -> change.key().indexType().name())))
                  .and(
                      BUILD_COUNT.STATE.in(
                          value.of(BUILD_COUNT.STATE, change -> change.from().name()),
                          value.of(BUILD_COUNT.STATE, change -> change.to().name()))));

  /** Counts a new build. */
  static void add(DSLContext transaction, IndexKey key, BuildState state) {
    move(transaction, key, state, state);
  }

  /** Counts a build as being in another state than before, which for a new one is the same. */
  static void move(DSLContext transaction, IndexKey key, BuildState from, BuildState to) {
    List<String> branches = List.of(ALL_BRANCHES, key.branchName());
    int changed = CHANGE.execute(transaction, new Change(key, from, to));
    if (changed == branches.size() * (from == to ? 1 : 2)) {
      return;
    }
    for (String branch : branches) { // the first build in that state has no row to be counted in
      transaction
          .insertInto(BUILD_COUNT)
          .set(BUILD_COUNT.BRANCH_NAME, branch)
          .set(BUILD_COUNT.INDEX_TYPE, key.indexType().name())
          .set(BUILD_COUNT.STATE, to.name())
          .set(BUILD_COUNT.BUILDS, 1L)
          .onConflictDoNothing()
          .execute();
    }
  }

  private static final Field<BigDecimal> SUM = sum(BUILD_COUNT.BUILDS);

  private static final Kept<String> UNFINISHED =
      new Kept<>(
          value ->
              select(SUM)
                  .from(BUILD_COUNT)
                  .where(
                      BUILD_COUNT.BRANCH_NAME.eq(
                          value.of(BUILD_COUNT.BRANCH_NAME, branchName -> branchName)))
                  .and(
                      BUILD_COUNT.STATE.in(
                          Stream.of(BuildState.values())
                              .filter(BuildState::isLive)
                              .map(state -> inline(state.name()))
                              .toList())),
          SUM);

  /** How many builds of all branches have not ended. */
  static long unfinished(DSLContext transaction) {
    return unfinished(transaction, ALL_BRANCHES);
  }

  /** How many builds of a branch have not ended. */
  static long unfinished(DSLContext transaction, String branchName) {
    BigDecimal unfinished = UNFINISHED.fetch(transaction, branchName).orElseThrow().get(SUM);
    return unfinished == null ? 0 : unfinished.longValue();
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
