package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static org.jooq.impl.DSL.selectFrom;
import static org.jooq.impl.DSL.update;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.refusal.Refusal;
import java.util.ConcurrentModificationException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Param;
import org.jspecify.annotations.Nullable;

/**
 * The one place where the state of a build is changed: checked against the table, compare-and-set.
 */
final class Transition {

  private Transition() {}

  /** A build as it was read, and what is to change in its row. */
  private record Change(ShadowIndex before, Map<Field<?>, @Nullable Object> values) {}

  /** The statements that change a build's row, by what they set. */
  private static final Map<Set<Field<?>>, Kept<Change>> CHANGES = new ConcurrentHashMap<>();

  /**
   * Moves a build along the lifecycle table and answers it as it is then. Refuses what the table
   * does not allow, and throws when the build has changed since it was read.
   *
   * @param values what else changes in the build's row
   */
  static ShadowIndex apply(
      DSLContext transaction,
      ShadowIndex before,
      Trigger trigger,
      Map<Field<?>, @Nullable Object> values) {
    check(before, Precondition.NONE, trigger.verb(), trigger.sources());
    var all = new HashMap<Field<?>, @Nullable Object>(values);
    all.put(SHADOW_INDEX.STATE, trigger.target().name());
    ShadowIndex after = change(transaction, before, all);
    BuildCounts.move(transaction, before.spec().key(), before.state(), trigger.target());
    return after;
  }

  /** The same for what leaves the state as it is. */
  static ShadowIndex change(
      DSLContext transaction, ShadowIndex before, Map<Field<?>, @Nullable Object> values) {
    return CHANGES
        .computeIfAbsent(Set.copyOf(values.keySet()), Transition::changeOf)
        .fetch(transaction, new Change(before, values))
        .map(BuildRows::toShadowIndex)
        .orElseThrow(() -> new ConcurrentModificationException("of build " + before.id()));
  }

  private static Kept<Change> changeOf(Set<Field<?>> fields) {
    return new Kept<>(
        value -> {
          var values = new LinkedHashMap<Field<?>, Object>();
          fields.forEach(field -> values.put(field, placeOf(value, field)));
          return update(SHADOW_INDEX)
              .set(values)
              .where(
                  SHADOW_INDEX.SHADOW_INDEX_ID.eq(
                      value.of(SHADOW_INDEX.SHADOW_INDEX_ID, change -> change.before().id())))
              .and(
                  SHADOW_INDEX.STATE.eq(
                      value.of(SHADOW_INDEX.STATE, change -> change.before().state().name())))
              .and(
                  SHADOW_INDEX.REVISION.eq(
                      value.of(SHADOW_INDEX.REVISION, change -> change.before().revision())))
              .returning();
        },
        SHADOW_INDEX.fields());
  }

  private static <T> Param<T> placeOf(Kept.Places<Change> value, Field<T> field) {
    return value.of(field, change -> field.getType().cast(change.values().get(field)));
  }

  /**
   * A build to which this may be done now. Refuses what the table or the precondition does not
   * allow.
   */
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

  private static final Kept<UUID> FIND =
      new Kept<>(
          value ->
              selectFrom(SHADOW_INDEX)
                  .where(
                      SHADOW_INDEX.SHADOW_INDEX_ID.eq(
                          value.of(SHADOW_INDEX.SHADOW_INDEX_ID, id -> id))),
          SHADOW_INDEX.fields());

  static ShadowIndex require(DSLContext transaction, UUID id) {
    return FIND.fetch(transaction, id)
        .map(BuildRows::toShadowIndex)
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
