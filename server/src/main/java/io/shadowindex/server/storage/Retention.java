package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static io.shadowindex.server.storage.schema.tables.SwitchJournal.SWITCH_JOURNAL;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.not;
import static org.jooq.impl.DSL.row;
import static org.jooq.impl.DSL.selectCount;
import static org.jooq.impl.DSL.selectOne;

import io.shadowindex.server.build.BuildState;
import java.time.Instant;
import org.jooq.Condition;

/** Which builds may lose their files. */
final class Retention {

  private Retention() {}

  /**
   * Those whose time is over, except for the last ones that were active and those that something is
   * just being done with.
   *
   * @param keep how many of the last ones of each index are kept, however old
   */
  static Condition mayLoseFiles(Instant now, int keep) {
    return SHADOW_INDEX
        .RETAIN_UNTIL
        .le(now)
        .and(SHADOW_INDEX.FILES_DELETED_AT.isNull())
        .and(
            SHADOW_INDEX.STATE.in(
                BuildState.CLEANUP.name(), BuildState.FAILED.name(), BuildState.CANCELLED.name()))
        .and(not(isAmongLastBackups(keep)))
        .andNotExists(
            selectOne()
                .from(SWITCH_JOURNAL)
                .where(SWITCH_JOURNAL.SHADOW_INDEX_ID.eq(SHADOW_INDEX.SHADOW_INDEX_ID)));
  }

  private static Condition isAmongLastBackups(int keep) {
    var newer = SHADOW_INDEX.as("newer");
    return SHADOW_INDEX
        .STATE
        .eq(BuildState.CLEANUP.name())
        .and(SHADOW_INDEX.BACKUP)
        .and(
            field(
                    selectCount()
                        .from(newer)
                        .where(newer.BRANCH_NAME.eq(SHADOW_INDEX.BRANCH_NAME))
                        .and(newer.INDEX_TYPE.eq(SHADOW_INDEX.INDEX_TYPE))
                        .and(newer.INDEX_NAME.eq(SHADOW_INDEX.INDEX_NAME))
                        .and(newer.STATE.eq(BuildState.CLEANUP.name()))
                        .and(newer.BACKUP)
                        .and(newer.FILES_DELETED_AT.isNull())
                        .and(
                            row(newer.SWITCHED_AT, newer.SEQUENCE)
                                .gt(SHADOW_INDEX.SWITCHED_AT, SHADOW_INDEX.SEQUENCE)))
                .lt(keep));
  }
}
