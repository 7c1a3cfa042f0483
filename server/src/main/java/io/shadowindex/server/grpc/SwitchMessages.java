package io.shadowindex.server.grpc;

import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.ValidationCheck;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.switchover.RemovalOutcome;
import io.shadowindex.server.switchover.RollbackRequest;
import io.shadowindex.server.switchover.SwitchOutcome;
import io.shadowindex.server.switchover.SwitchPreview;
import io.shadowindex.server.switchover.SwitchRequest;
import io.shadowindex.v1.DeleteIndexResponse;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Switch requests and outcomes as messages of the contract. */
final class SwitchMessages {

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

  private final Messages messages;
  private final IndexLayout layout;

  SwitchMessages(Messages messages, IndexLayout layout) {
    this.messages = messages;
    this.layout = layout;
  }

  static SwitchRequest request(SwitchIndexRequest request, @Nullable Long revision) {
    return new SwitchRequest(
        Messages.buildId(request.getShadowIndexId()),
        request.getForceSwitch(),
        checks(request.getValidationChecksList()),
        request.hasTolerance() ? request.getTolerance() : null,
        request.getBackupCurrent(),
        timeout(request.getSwitchTimeoutSeconds()),
        false,
        revision);
  }

  static RollbackRequest request(RollbackIndexRequest request) {
    return new RollbackRequest(
        Messages.key(request.getBranchName(), request.getIndexType(), request.getIndexName()),
        request.getShadowIndexId().isEmpty() ? null : Messages.buildId(request.getShadowIndexId()),
        timeout(request.getSwitchTimeoutSeconds()));
  }

  static Duration timeout(int seconds) {
    return seconds == 0 ? DEFAULT_TIMEOUT : Duration.ofSeconds(seconds);
  }

  static Set<ValidationCheck> checks(List<io.shadowindex.v1.ValidationCheck.Enum> requested) {
    return requested.isEmpty()
        ? ValidationCheck.CHEAP
        : requested.stream()
            .map(check -> ValidationCheck.valueOf(check.name()))
            .collect(Collectors.toSet());
  }

  SwitchIndexResponse response(SwitchPreview preview, SwitchRequest request) {
    return response(preview.outcome(), request).toBuilder()
        .setSuccess(preview.wouldSucceed())
        .setMessage(
            preview.wouldSucceed() ? "The switch would go ahead" : "The switch would not go ahead")
        .setPreview(
            io.shadowindex.v1.SwitchPreview.newBuilder()
                .addAllBlockers(preview.blockers())
                .setFreeDiskBytes(preview.freeDiskBytes())
                .setNeededDiskBytes(preview.neededDiskBytes())
                .setExpectedLockHeldMicros(preview.expectedLockHeld().toNanos() / 1000)
                .addAllKeptShadowIndexIds(preview.kept().stream().map(UUID::toString).toList())
                .addAllDeletedShadowIndexIds(
                    preview.deleted().stream().map(UUID::toString).toList()))
        .build();
  }

  SwitchIndexResponse response(SwitchOutcome outcome, SwitchRequest request) {
    ShadowIndex build = outcome.build();
    var response =
        SwitchIndexResponse.newBuilder()
            .setSuccess(outcome.success())
            .setSwitchDurationMs(outcome.duration().toMillis())
            .setLockHeldMicros(outcome.lockHeld().toNanos() / 1000)
            .setValidationPassed(outcome.validation().passed())
            .addAllValidationErrors(outcome.validation().errors())
            .setVerificationPassed(outcome.verified())
            .addAllVerificationErrors(outcome.verificationErrors())
            .setMessage(outcome.message())
            .setIndexAccessible(outcome.accessible())
            .addAllWarnings(outcome.validation().warnings())
            .setShadowIndex(messages.shadowIndex(build));
    Double speedup = outcome.validation().speedup();
    if (speedup != null) {
      response.setQueryPerformanceImprovement(speedup);
    }
    ShadowIndex old = outcome.old();
    if (old != null) {
      response.setOldIndexPath(layout.directory(old.generation()).toString());
    }
    if (outcome.success()) {
      response.setNewIndexPath(layout.directory(build.generation()).toString());
      response.setIndexSizeChangeBytes(
          build.indexSizeBytes() - (old == null ? 0 : old.indexSizeBytes()));
      if (old != null && request.backupCurrent()) {
        response.setBackupPath(layout.directory(old.generation()).toString());
      }
    }
    return response.build();
  }

  /** What is known of a switch that got no answer, from the build as it is now. */
  SwitchIndexResponse response(Ended ended) {
    ShadowIndex build = ended.build();
    return SwitchIndexResponse.newBuilder()
        .setSuccess(ended.success())
        .setSwitchDurationMs(ended.duration().toMillis())
        .setLockHeldMicros(ended.lockHeld().toNanos() / 1000)
        .setValidationPassed(ended.validationErrors().isEmpty())
        .addAllValidationErrors(ended.validationErrors())
        .setVerificationPassed(ended.success())
        .addAllVerificationErrors(ended.verificationErrors())
        .setMessage(ended.message())
        .setIndexAccessible(ended.success())
        .setNewIndexPath(ended.success() ? layout.directory(build.generation()).toString() : "")
        .setShadowIndex(messages.shadowIndex(build))
        .build();
  }

  /** The same of a rollback. */
  RollbackIndexResponse rollbackResponse(Ended ended) {
    ShadowIndex generation = ended.build();
    return RollbackIndexResponse.newBuilder()
        .setSuccess(ended.success())
        .setSwitchDurationMs(ended.duration().toMillis())
        .setLockHeldMicros(ended.lockHeld().toNanos() / 1000)
        .addAllValidationErrors(ended.validationErrors())
        .addAllVerificationErrors(ended.verificationErrors())
        .setMessage(ended.message())
        .setIndexAccessible(ended.success())
        .setNewIndexPath(
            ended.success() ? layout.directory(generation.generation()).toString() : "")
        .setShadowIndex(messages.shadowIndex(generation))
        .build();
  }

  RollbackIndexResponse rollbackResponse(SwitchOutcome outcome) {
    ShadowIndex generation = outcome.build();
    var response =
        RollbackIndexResponse.newBuilder()
            .setSuccess(outcome.success())
            .setSwitchDurationMs(outcome.duration().toMillis())
            .setLockHeldMicros(outcome.lockHeld().toNanos() / 1000)
            .addAllValidationErrors(outcome.validation().errors())
            .addAllVerificationErrors(outcome.verificationErrors())
            .setMessage(outcome.message())
            .setIndexAccessible(outcome.accessible())
            .setShadowIndex(messages.shadowIndex(generation));
    ShadowIndex old = outcome.old();
    if (old != null) {
      response.setOldIndexPath(layout.directory(old.generation()).toString());
    }
    if (outcome.success()) {
      response.setNewIndexPath(layout.directory(generation.generation()).toString());
    }
    return response.build();
  }

  DeleteIndexResponse response(RemovalOutcome outcome) {
    var response =
        DeleteIndexResponse.newBuilder()
            .setMessage("Index deleted; the files of its generations are kept for a while")
            .setLockHeldMicros(outcome.lockHeld().toNanos() / 1000);
    outcome.cancelled().forEach(build -> response.addCancelledBuilds(messages.shadowIndex(build)));
    if (outcome.removed() != null) {
      response.setRemovedGeneration(messages.shadowIndex(outcome.removed()));
    }
    return response.build();
  }
}
