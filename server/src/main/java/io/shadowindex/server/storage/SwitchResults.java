package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static org.jooq.impl.DSL.inline;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchResult;
import io.shadowindex.server.storage.EventLog.Unnumbered;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jooq.DSLContext;

/** What became of the last switch of each build, in the build's row. */
final class SwitchResults {

  private SwitchResults() {}

  static void save(DSLContext transaction, UUID id, SwitchResult result) {
    transaction
        .update(SHADOW_INDEX)
        .set(
            SHADOW_INDEX.AUTO_SWITCH_DUE,
            // Somebody else's attempt that was refused leaves the automatic one due.
            result.automatic() || result.success() ? inline(false) : SHADOW_INDEX.AUTO_SWITCH_DUE)
        .set(SHADOW_INDEX.LAST_SWITCH_AT, result.finishedAt())
        .set(SHADOW_INDEX.LAST_SWITCH_SUCCESS, result.success())
        .set(SHADOW_INDEX.LAST_SWITCH_AUTOMATIC, result.automatic())
        .set(SHADOW_INDEX.LAST_SWITCH_MESSAGE, result.message())
        .set(SHADOW_INDEX.LAST_SWITCH_LOCK_HELD_MICROS, BuildRows.micros(result.lockHeld()))
        .set(SHADOW_INDEX.LAST_SWITCH_DURATION_MICROS, BuildRows.micros(result.duration()))
        .set(
            SHADOW_INDEX.LAST_SWITCH_VALIDATION_ERRORS,
            result.validationErrors().toArray(String[]::new))
        .set(
            SHADOW_INDEX.LAST_SWITCH_VERIFICATION_ERRORS,
            result.verificationErrors().toArray(String[]::new))
        .where(SHADOW_INDEX.SHADOW_INDEX_ID.eq(id))
        .execute();
    ShadowIndex build = Transition.require(transaction, id);
    Effects.record(transaction, id, build.revision(), result.finishedAt());
    if (result.automatic()) {
      EventLog.append(
          transaction,
          List.of(
              Unnumbered.of(
                  build,
                  BuildEvent.Kind.AUTO_SWITCH_RESULT,
                  (build.state() == BuildState.BUILT
                          ? "automatic switch refused: "
                          : "automatic switch: ")
                      + result.message(),
                  result.finishedAt())));
    } else if (!result.success() && build.state() != BuildState.FAILED) {
      EventLog.append(
          transaction,
          List.of(
              Unnumbered.of(
                  build, BuildEvent.Kind.SWITCH_REFUSED, result.message(), result.finishedAt())));
    }
  }

  /** How long the locks of the last successful switches were held, newest first. */
  static List<Duration> lockHeldLately(DSLContext query, int limit) {
    return query
        .select(SHADOW_INDEX.LAST_SWITCH_LOCK_HELD_MICROS)
        .from(SHADOW_INDEX)
        .where(SHADOW_INDEX.LAST_SWITCH_AT.isNotNull())
        .and(SHADOW_INDEX.LAST_SWITCH_SUCCESS)
        .and(SHADOW_INDEX.LAST_SWITCH_LOCK_HELD_MICROS.isNotNull())
        .orderBy(SHADOW_INDEX.LAST_SWITCH_AT.desc())
        .limit(limit)
        .fetch(held -> BuildRows.micros(held.value1()));
  }
}
