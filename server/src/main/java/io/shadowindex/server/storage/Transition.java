package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.refusal.Refusal;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jspecify.annotations.Nullable;

/**
 * The one place where the state of a build is changed: checked against the table, compare-and-set.
 */
final class Transition {

  private Transition() {}

  /**
   * Moves a build along the lifecycle table and answers it as it was before. Refuses what the table
   * or the precondition does not allow.
   *
   * @param values what else changes in the build's row
   */
  static ShadowIndex apply(
      DSLContext transaction,
      UUID id,
      Precondition precondition,
      Trigger trigger,
      Map<Field<?>, @Nullable Object> values) {
    while (true) {
      ShadowIndex before = requirePermitted(transaction, id, precondition, trigger);
      int changed =
          transaction
              .update(SHADOW_INDEX)
              .set(SHADOW_INDEX.STATE, trigger.target().name())
              .set(values)
              .where(SHADOW_INDEX.SHADOW_INDEX_ID.eq(id))
              .and(SHADOW_INDEX.STATE.eq(before.state().name()))
              .and(SHADOW_INDEX.REVISION.eq(before.revision()))
              .execute();
      if (changed == 1) {
        BuildCounts.move(transaction, before.spec().key(), before.state(), trigger.target());
        return before;
      }
    }
  }

  /** A build to which this may be done now. Refuses like {@link #apply}, and changes nothing. */
  static ShadowIndex requirePermitted(
      DSLContext transaction, UUID id, Precondition precondition, Trigger trigger) {
    return requireState(transaction, id, precondition, trigger.verb(), trigger.sources());
  }

  /** A build in one of these states. */
  static ShadowIndex requireState(
      DSLContext transaction,
      UUID id,
      Precondition precondition,
      String verb,
      List<BuildState> states) {
    ShadowIndex build = require(transaction, id);
    check(build, precondition, verb, states);
    return build;
  }

  static ShadowIndex require(DSLContext transaction, UUID id) {
    return transaction
        .selectFrom(SHADOW_INDEX)
        .where(SHADOW_INDEX.SHADOW_INDEX_ID.eq(id))
        .fetchOptional(BuildRows::toShadowIndex)
        .orElseThrow(() -> new Refusal.BuildNotFound(id).exception());
  }

  private static void check(
      ShadowIndex build, Precondition precondition, String verb, List<BuildState> states) {
    Long token = precondition.fencingToken();
    if (token != null && token != build.fencingToken()) {
      throw new Refusal.StaleFencingToken(build.id(), token).exception();
    }
    Long revision = precondition.revision();
    if (revision != null && revision != build.revision()) {
      throw new Refusal.StaleEtag(build.id()).exception();
    }
    if (!states.contains(build.state())) {
      throw new Refusal.IllegalTransition(
              build.id(),
              verb,
              build.state().name(),
              states.stream().map(BuildState::name).toList())
          .exception();
    }
  }
}
