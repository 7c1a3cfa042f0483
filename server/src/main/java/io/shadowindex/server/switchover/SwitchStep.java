package io.shadowindex.server.switchover;

import io.shadowindex.server.switchover.SwitchStore.Change;
import java.io.IOException;
import java.util.UUID;

/** The durable steps of a switch, in their order; tests stop the process at each. */
public enum SwitchStep {
  /** The requested checks, on the server's own evidence; no lock. */
  VALIDATE,
  /** Only with probe queries: they are run on the live and on the new generation; no lock. */
  PROBE,
  /** The next link is made; no lock. */
  STAGE,
  /** One transaction: SWITCHING, the journal row, the locks. Writers are kept out from here. */
  INTEND,
  /** The link is replaced and its directory synced. */
  FLIP,
  /** The generation is looked at through the link. */
  VERIFY,
  /** One transaction: ACTIVE, the old one CLEANUP, journal closed, locks released. */
  COMMIT,
  /**
   * Only with probe queries, or with more files than are looked at under the lock: the queries are
   * run through the live link, the rest of the files is looked at; no lock.
   */
  CONFIRM,
  /** Only after a failed verification: the journal says that the old generation is coming back. */
  MARK_ROLLING_BACK,
  /** The link leads to the old generation again. */
  FLIP_BACK,
  /** One transaction: FAILED, journal closed, locks released. */
  COMMIT_ROLLBACK;

  /** Told of every step just before it is taken, on the thread that takes it. */
  @FunctionalInterface
  public interface Observer {
    Observer NONE = step -> {};

    void before(SwitchStep step);

    /** Carries out a switch, a rollback or a removal, of whose steps it is told meanwhile. */
    default <T> T during(UUID generationId, Change<T> change) throws IOException {
      return change.run();
    }

    /** What another thread is to do of the change that the calling thread carries out. */
    default <T> Change<T> handedOver(Change<T> part) {
      return part;
    }
  }
}
