package io.shadowindex.server.grpc;

import io.grpc.StatusException;
import io.shadowindex.server.audit.AuditEntry;
import io.shadowindex.server.audit.AuditEntry.Outcome;
import io.shadowindex.server.audit.AuditLog;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.request.Call;
import io.shadowindex.server.request.Mutation;
import io.shadowindex.server.switchover.AutoSwitcher;
import io.shadowindex.server.switchover.SwitchOutcome;
import io.shadowindex.server.switchover.SwitchStore.Change;
import java.io.IOException;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes automatic switches known to the store and to the audit log as {@link AuditedCalls} does
 * calls, in the name of who started the build, and so had it switched to.
 */
public final class AuditedSwitches implements AutoSwitcher.Witness {

  private static final String METHOD = "AutoSwitch";

  private final BuildStore builds;
  private final AuditLog log;
  private final InstantSource clock;
  private final Supplier<UUID> newId;

  public AuditedSwitches(
      BuildStore builds, AuditLog log, InstantSource clock, Supplier<UUID> newId) {
    this.builds = builds;
    this.log = log;
    this.clock = clock;
    this.newId = newId;
  }

  @Override
  public SwitchOutcome during(ShadowIndex build, Change<SwitchOutcome> change) throws IOException {
    var mutation = new Mutation(call(build));
    ShadowIndex switched = null;
    var outcome = new Outcome("INTERNAL", "INTERNAL", "the server failed; its log says how");
    try {
      SwitchOutcome ended = Mutation.during(mutation, change::run);
      switched = ended.build();
      outcome = new Outcome(ended.success() ? "OK" : "UNSUCCESSFUL", "", ended.message());
      return ended;
    } catch (RefusedException e) {
      StatusException refused = GrpcErrors.toStatus(e);
      outcome =
          AuditedCalls.outcome(
              refused.getStatus(), Objects.requireNonNull(refused.getTrailers()), null);
      throw e;
    } finally {
      log.ended(entry(mutation, outcome, switched));
    }
  }

  private Call call(ShadowIndex build) {
    IndexKey key = build.spec().key();
    return new Call(
        newId.get(),
        clock.instant().truncatedTo(ChronoUnit.MICROS),
        builds.startedBy(build.id()).orElse(""),
        "",
        METHOD,
        null,
        new Call.Target(key.branchName(), key.indexType().name(), key.indexName()),
        build.id(),
        null,
        build.fencingToken(),
        false);
  }

  private static AuditEntry entry(Mutation ended, Outcome outcome, @Nullable ShadowIndex switched) {
    Call call = ended.call();
    return new AuditEntry(
        ended.entry(),
        call,
        call.buildId(),
        null,
        outcome,
        switched == null ? null : switched.revision(),
        call.fencingToken());
  }
}
