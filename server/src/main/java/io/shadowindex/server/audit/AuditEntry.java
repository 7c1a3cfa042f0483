package io.shadowindex.server.audit;

import io.shadowindex.server.request.Call;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One call that changed something, or was refused to.
 *
 * @param sequence its place in the log; 0 before it has one
 * @param buildId the build or generation it was about; null for none
 * @param lockId the lock it was about; null for none
 * @param outcome how the call ended; {@link Outcome#UNKNOWN} before it has, {@link Outcome#LOST}
 *     when the server died before
 * @param revision of that build after the change; null without one
 * @param fencingToken of that build or lock, or as the caller gave it; null without either
 */
public record AuditEntry(
    long sequence,
    Call call,
    @Nullable UUID buildId,
    @Nullable UUID lockId,
    Outcome outcome,
    @Nullable Long revision,
    @Nullable Long fencingToken) {

  /** The same of a call whose outcome nobody will ever know. */
  AuditEntry lost() {
    return new AuditEntry(sequence, call, buildId, lockId, Outcome.LOST, revision, fencingToken);
  }

  /**
   * How a call ended.
   *
   * @param result {@code OK}; {@code UNSUCCESSFUL} for an answer that says so; else the name of the
   *     status, of which {@code UNKNOWN} is no call's own
   * @param reason the documented reason of a refusal; else empty
   * @param message one sentence for people
   */
  public record Outcome(String result, String reason, String message) {
    public static final Outcome UNKNOWN = new Outcome("", "", "");
    public static final Outcome LOST =
        new Outcome(
            "UNKNOWN",
            "",
            "the server ended before it noted how the call did, whose first effect was durable");
  }
}
