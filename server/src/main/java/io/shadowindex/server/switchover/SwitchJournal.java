package io.shadowindex.server.switchover;

import io.shadowindex.server.index.Generation;
import io.shadowindex.server.index.IndexKey;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The durable record of a change of a live link between its intention and its end.
 *
 * @param generation the generation that becomes live, or, for a removal, that stops being live
 * @param old the generation that is live before; null when there is none
 * @param backupCurrent whether the old one's files are kept for the full retention time, as a
 *     backup; a rollback without leaves a generation that proved bad
 * @param remark what the log should say of the switch besides its success; may be empty
 */
public record SwitchJournal(
    Kind kind,
    Generation generation,
    @Nullable Generation old,
    IndexKey key,
    Step step,
    boolean backupCurrent,
    String remark) {

  /** What changes. The names are stored. */
  public enum Kind {
    /** A build becomes live for the first time. */
    SWITCH,
    /** A superseded generation becomes live again. */
    ROLLBACK,
    /** The index goes: nothing is live afterwards. */
    REMOVAL
  }

  /** The generation that the link is to lead to; null when it is to go. */
  public @Nullable Generation target() {
    return kind == Kind.REMOVAL ? null : generation;
  }

  public UUID generationId() {
    return generation.id();
  }

  /** How far the journal says the switch is. The names are stored. */
  public enum Step {
    /** The link may lead to the old or the new generation; it decides. */
    INTENDED,
    /** Verification failed: the link must lead to the old generation, wherever it leads now. */
    ROLLING_BACK
  }
}
