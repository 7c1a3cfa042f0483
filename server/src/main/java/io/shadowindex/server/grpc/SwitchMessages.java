package io.shadowindex.server.grpc;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.switchover.RemovalOutcome;
import io.shadowindex.server.switchover.RollbackRequest;
import io.shadowindex.server.switchover.SwitchOutcome;
import io.shadowindex.server.switchover.SwitchRequest;
import io.shadowindex.server.switchover.ValidationCheck;
import io.shadowindex.v1.DeleteIndexResponse;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
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
        checks(request),
        request.getBackupCurrent(),
        timeout(request.getSwitchTimeoutSeconds()),
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

  private static Set<ValidationCheck> checks(SwitchIndexRequest request) {
    if (request.getValidationChecksCount() == 0) {
      return ValidationCheck.CHEAP;
    }
    Set<ValidationCheck> checks = EnumSet.noneOf(ValidationCheck.class);
    request
        .getValidationChecksList()
        .forEach(check -> checks.add(ValidationCheck.valueOf(check.name())));
    return checks;
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
            .setMessage(message(outcome))
            .setIndexAccessible(outcome.accessible())
            .addAllWarnings(outcome.validation().warnings())
            .setShadowIndex(messages.shadowIndex(build));
    ShadowIndex old = outcome.old();
    if (old != null) {
      response.setOldIndexPath(layout.buildDirectory(old.id()).toString());
    }
    if (outcome.success()) {
      response.setNewIndexPath(layout.buildDirectory(build.id()).toString());
      response.setIndexSizeChangeBytes(
          build.indexSizeBytes() - (old == null ? 0 : old.indexSizeBytes()));
      if (old != null && request.backupCurrent()) {
        response.setBackupPath(layout.buildDirectory(old.id()).toString());
      }
    }
    return response.build();
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
            .setMessage(rollbackMessage(outcome))
            .setIndexAccessible(outcome.accessible())
            .setShadowIndex(messages.shadowIndex(generation));
    ShadowIndex old = outcome.old();
    if (old != null) {
      response.setOldIndexPath(layout.buildDirectory(old.id()).toString());
    }
    if (outcome.success()) {
      response.setNewIndexPath(layout.buildDirectory(generation.id()).toString());
    }
    return response.build();
  }

  private static String rollbackMessage(SwitchOutcome outcome) {
    if (outcome.success()) {
      return "Index rolled back in %dms".formatted(outcome.duration().toMillis());
    }
    return outcome.validation().passed()
        ? "Index not rolled back: verification failed; what was live before is live again"
        : "Index not rolled back: the generation's files are damaged; choose another one";
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

  private static String message(SwitchOutcome outcome) {
    if (outcome.success()) {
      return "Index switch completed successfully in %dms".formatted(outcome.duration().toMillis());
    }
    if (outcome.build().state() == BuildState.BUILT) {
      return outcome.validation().canBeForced()
          ? "Index not switched: validation failed; the build can be switched to with force_switch"
          : "Index not switched: the build's files are damaged; cancel it and build again";
    }
    return outcome.old() == null
        ? "Index not switched: verification failed; the index has no live generation, as before"
        : "Index not switched: verification failed; the previous generation is live again";
  }
}
