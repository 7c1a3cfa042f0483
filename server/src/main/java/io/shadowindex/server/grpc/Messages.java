package io.shadowindex.server.grpc;

import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.JsonFormat;
import io.shadowindex.server.build.AutoSwitch;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.BuildStore.IndexEntry;
import io.shadowindex.server.build.Completion;
import io.shadowindex.server.build.Estimate;
import io.shadowindex.server.build.ProgressReport;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchPolicy;
import io.shadowindex.server.build.SwitchResult;
import io.shadowindex.server.index.ClaimedManifest;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.Manifest;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.Refusal.Violation;
import io.shadowindex.server.switchover.IndexDoctor;
import io.shadowindex.v1.BuildConfig;
import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.BuildSummary;
import io.shadowindex.v1.CheckIndexesResponse;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.Index;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchStrategy;
import io.shadowindex.v1.ValidationCheck;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Domain objects as messages of the contract, and back. */
final class Messages {

  private static final int MAX_ATTRIBUTES_CHARS = 64 * 1024;

  private final IndexLayout layout;
  private final InstantSource clock;

  Messages(IndexLayout layout, InstantSource clock) {
    this.layout = layout;
    this.clock = clock;
  }

  io.shadowindex.v1.ShadowIndex shadowIndex(ShadowIndex build) {
    BuildSpec spec = build.spec();
    var message =
        io.shadowindex.v1.ShadowIndex.newBuilder()
            .setShadowIndexId(build.id().toString())
            .setBranchName(spec.key().branchName())
            .setIndexType(indexType(spec.key()))
            .setIndexName(spec.key().indexName())
            .addAllResourceTypes(spec.resourceTypes())
            .setState(state(build.state()))
            .setBuildProgressPercent(build.progress().percent())
            .setRecordCount(build.progress().recordCount())
            .setIndexSizeBytes(build.indexSizeBytes())
            .setSwitchReady(build.state() == BuildState.BUILT)
            .setEstimatedSwitchDurationSeconds((int) build.estimatedSwitchDuration().toSeconds())
            .setShadowIndexPath(layout.buildDirectory(build.id()).toString())
            .setCurrentIndexPath(layout.liveLink(spec.key()).toString())
            .setBuildConfig(
                BuildConfig.newBuilder()
                    .setFullRebuild(spec.fullRebuild())
                    .setParallelWorkers(spec.parallelWorkers())
                    .addAllProbeQueries(spec.probeQueries()))
            .setServiceName(spec.serviceName())
            .setServiceInstanceId(spec.serviceInstanceId())
            .putAllLabels(spec.labels())
            .setErrorMessage(build.errorMessage())
            .setAttempt(build.attempt())
            .setFencingToken(build.fencingToken())
            .setEtag(Etag.of(build))
            .setRevision(build.revision())
            .setStalled(build.stalled())
            .addAllLostWorkerIds(build.stalled() ? build.progress().lostWorkers() : List.of())
            .setPaused(build.paused());
    Estimate estimate = build.estimatedCompletion(clock.instant());
    if (estimate != null) {
      message.setEstimatedCompletionSeconds(estimate.likely());
    }
    setSwitching(message, build);
    setCompletion(message, build.completion());
    setTimes(message, build);
    return message.build();
  }

  private static void setCompletion(
      io.shadowindex.v1.ShadowIndex.Builder message, @Nullable Completion completion) {
    if (completion == null) {
      return;
    }
    message.setSourceWatermark(completion.sourceWatermark());
    Completion.Summary summary = completion.summary();
    if (summary != null) {
      message.setBuildSummary(
          BuildSummary.newBuilder()
              .setBuildDurationSeconds(summary.buildDurationSeconds())
              .setPerformanceIndex(summary.performanceIndex())
              .setAttributes(toStruct(summary.attributes())));
    }
  }

  private static void setTimes(io.shadowindex.v1.ShadowIndex.Builder message, ShadowIndex build) {
    ShadowIndex.Times times = build.times();
    message.setCreatedAt(timestamp(times.created()));
    if (times.started() != null) {
      message.setStartedAt(timestamp(times.started()));
    }
    if (times.completed() != null) {
      message.setCompletedAt(timestamp(times.completed()));
    }
    if (times.switched() != null) {
      message.setSwitchedAt(timestamp(times.switched()));
    }
    if (times.retainUntil() != null) {
      message.setRetainUntil(timestamp(times.retainUntil()));
    }
    if (build.progress().reportedAt() != null) {
      message.setLastHeartbeatAt(timestamp(build.progress().reportedAt()));
    }
  }

  BuildProgress progress(ShadowIndex build) {
    var message =
        BuildProgress.newBuilder()
            .setBuildProgressPercent(build.progress().percent())
            .setRecordCount(build.progress().recordCount());
    Estimate estimate = build.estimatedCompletion(clock.instant());
    if (estimate != null) {
      message
          .setEstimatedCompletionSeconds(estimate.likely())
          .setShortestCompletionSeconds(estimate.shortest())
          .setLongestCompletionSeconds(estimate.longest());
    }
    Double recordsPerSecond = build.progress().recordsPerSecond();
    if (recordsPerSecond != null) {
      message.setRecordsPerSecond(recordsPerSecond);
    }
    if (build.progress().reportedAt() != null) {
      message.setLastHeartbeatAt(timestamp(build.progress().reportedAt()));
    }
    return message.build();
  }

  CheckIndexesResponse.Finding finding(IndexDoctor.Finding finding) {
    IndexKey key = finding.key();
    return CheckIndexesResponse.Finding.newBuilder()
        .setBranchName(key.branchName())
        .setIndexType(indexType(key))
        .setIndexName(key.indexName())
        .setCurrentIndexPath(finding.link().toString())
        .setShadowIndexId(finding.active() == null ? "" : finding.active().id().toString())
        .setProblem(finding.problem())
        .build();
  }

  Index index(IndexEntry entry) {
    IndexKey key = entry.key();
    var message =
        Index.newBuilder()
            .setBranchName(key.branchName())
            .setIndexType(indexType(key))
            .setIndexName(key.indexName())
            .setCurrentIndexPath(layout.liveLink(key).toString())
            .addAllRetainedGenerations(
                Page.of(entry.retained(), entry.retained().size(), this::shadowIndex).messages());
    if (entry.active() != null) {
      message.setActiveGeneration(shadowIndex(entry.active()));
    }
    if (entry.live() != null) {
      message.setLiveBuild(shadowIndex(entry.live()));
    }
    return message.build();
  }

  private static SwitchPolicy switching(StartBuildRequest request, boolean autoSwitchByDefault) {
    var automatic = request.getAutoSwitch();
    boolean enabled = automatic.hasEnabled() ? automatic.getEnabled() : autoSwitchByDefault;
    return new SwitchPolicy(
        request.getSwitchStrategy() == SwitchStrategy.Enum.COPY_AND_REPLACE
            ? io.shadowindex.server.index.SwitchStrategy.COPY_AND_REPLACE
            : io.shadowindex.server.index.SwitchStrategy.ATOMIC_RENAME,
        enabled
            ? new AutoSwitch(
                SwitchMessages.checks(automatic.getValidationChecksList()),
                automatic.getBackupCurrent() || !request.hasAutoSwitch(),
                SwitchMessages.timeout(automatic.getSwitchTimeoutSeconds()))
            : null);
  }

  private static void setSwitching(
      io.shadowindex.v1.ShadowIndex.Builder message, ShadowIndex build) {
    SwitchPolicy policy = build.spec().switching();
    message.setSwitchStrategy(SwitchStrategy.Enum.valueOf(policy.strategy().name()));
    AutoSwitch automatic = policy.automatic();
    var autoSwitch = io.shadowindex.v1.AutoSwitch.newBuilder().setEnabled(automatic != null);
    if (automatic != null) {
      automatic.checks().stream()
          .sorted()
          .map(check -> ValidationCheck.Enum.valueOf(check.name()))
          .forEach(autoSwitch::addValidationChecks);
      autoSwitch
          .setBackupCurrent(automatic.backupCurrent())
          .setSwitchTimeoutSeconds((int) automatic.timeout().toSeconds());
    }
    message.setAutoSwitch(autoSwitch);
    SwitchResult last = build.lastSwitch();
    if (last != null) {
      message.setLastSwitch(
          io.shadowindex.v1.SwitchResult.newBuilder()
              .setSuccess(last.success())
              .setAutomatic(last.automatic())
              .setMessage(last.message())
              .setLockHeldMicros(last.lockHeld().toNanos() / 1000)
              .setSwitchDurationMs(last.duration().toMillis())
              .addAllValidationErrors(last.validationErrors())
              .addAllVerificationErrors(last.verificationErrors())
              .setFinishedAt(timestamp(last.finishedAt())));
    }
  }

  static BuildSpec spec(StartBuildRequest request, boolean autoSwitchByDefault) {
    return new BuildSpec(
        key(request.getBranchName(), request.getIndexType(), request.getIndexName()),
        request.getResourceTypesList(),
        request.getBuildConfig().getFullRebuild(),
        request.getBuildConfig().getParallelWorkers(),
        request.getBuildConfig().getProbeQueriesList(),
        switching(request, autoSwitchByDefault),
        request.getServiceName(),
        request.getServiceInstanceId(),
        request.getLabelsMap());
  }

  static IndexKey key(String branchName, IndexType.Enum indexType, String indexName) {
    return new IndexKey(
        branchName,
        io.shadowindex.server.index.IndexType.valueOf(indexType.name()),
        indexName.isEmpty() ? IndexKey.DEFAULT_NAME : indexName);
  }

  /** The kind of index a filter means; null for any. */
  static io.shadowindex.server.index.@Nullable IndexType indexTypeFilter(IndexType.Enum indexType) {
    return indexType == IndexType.Enum.INDEX_TYPE_UNSPECIFIED
        ? null
        : io.shadowindex.server.index.IndexType.valueOf(indexType.name());
  }

  static BuildFilter filter(
      String branchName,
      IndexType.Enum indexType,
      List<io.shadowindex.v1.ShadowIndex.State> states) {
    return new BuildFilter(
        orNull(branchName),
        indexTypeFilter(indexType),
        states.stream().map(Messages::state).collect(Collectors.toSet()));
  }

  static @Nullable String orNull(String text) {
    return text.isEmpty() ? null : text;
  }

  static ProgressReport report(ReportProgressRequest request) {
    return new ProgressReport(
        request.getWorkerId(),
        request.getProgressPercent(),
        request.hasRecordCount() ? request.getRecordCount() : null,
        request.hasEstimatedCompletionSeconds() ? request.getEstimatedCompletionSeconds() : null,
        fencingToken(request.getFencingToken()),
        request.getPartWeight(),
        request.hasTotalRecordCount() ? request.getTotalRecordCount() : null);
  }

  static Completion completion(CompleteBuildRequest request, long measuredSizeBytes) {
    return new Completion(
        request.getRecordCount(),
        request.hasIndexSizeBytes() ? request.getIndexSizeBytes() : null,
        measuredSizeBytes,
        request.hasExpectedRecordCount() ? request.getExpectedRecordCount() : null,
        request.hasBuildSummary() ? summary(request.getBuildSummary()) : null,
        request.getSourceWatermark());
  }

  static ClaimedManifest claimedManifest(CompleteBuildRequest request) {
    return new ClaimedManifest(
        request.getFilesList().stream()
            .map(
                file ->
                    new Manifest.Entry(
                        file.getPath(),
                        file.getSizeBytes(),
                        file.getSha256().toLowerCase(Locale.ROOT)))
            .toList());
  }

  private static Completion.Summary summary(BuildSummary summary) {
    return new Completion.Summary(
        summary.getBuildDurationSeconds(),
        summary.getPerformanceIndex(),
        toJson(summary.getAttributes()));
  }

  private static String toJson(Struct attributes) {
    String json;
    try {
      json = JsonFormat.printer().omittingInsignificantWhitespace().print(attributes);
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      throw invalid("build_summary.attributes", "has a value that JSON cannot hold");
    }
    if (json.length() > MAX_ATTRIBUTES_CHARS) {
      throw invalid("build_summary.attributes", "must be at most 64 KiB as JSON");
    }
    return json;
  }

  private static Struct toStruct(String json) {
    var struct = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(json, struct);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("stored attributes are not JSON", e);
    }
    return struct.build();
  }

  static UUID buildId(String id) {
    return UUID.fromString(id);
  }

  static @Nullable Long fencingToken(long token) {
    return token == 0 ? null : token;
  }

  static io.shadowindex.v1.ShadowIndex.State state(BuildState state) {
    return io.shadowindex.v1.ShadowIndex.State.valueOf(state.name());
  }

  static BuildState state(io.shadowindex.v1.ShadowIndex.State state) {
    return BuildState.valueOf(state.name());
  }

  static IndexType.Enum indexType(IndexKey key) {
    return IndexType.Enum.valueOf(key.indexType().name());
  }

  static RuntimeException invalid(String field, String description) {
    return new Refusal.InvalidFields(List.of(new Violation(field, description))).exception();
  }

  static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }

  static Duration duration(java.time.Duration duration) {
    return Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }
}
