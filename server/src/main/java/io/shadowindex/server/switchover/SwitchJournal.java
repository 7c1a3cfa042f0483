package io.shadowindex.server.switchover;

import io.shadowindex.server.index.IndexKey;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The durable record of a switch between its intention and its end.
 *
 * @param newId the build being switched to
 * @param oldId the generation being replaced; null when it is the index's first
 * @param backupCurrent whether the old one's files are kept for the full retention time
 * @param remark what the log should say of the switch besides its success; may be empty
 */
public record SwitchJournal(
    UUID newId,
    @Nullable UUID oldId,
    IndexKey key,
    Step step,
    boolean backupCurrent,
    String remark) {

  /** How far the journal says the switch is. The names are stored. */
  public enum Step {
    /** The link may lead to the old or the new generation; it decides. */
    INTENDED,
    /** Verification failed: the link must lead to the old generation, wherever it leads now. */
    ROLLING_BACK
  }
}
