package io.shadowindex.server.grpc;

import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.v1.CancelBuildResponse;
import io.shadowindex.v1.ClaimBuildResponse;
import io.shadowindex.v1.CompleteBuildResponse;
import io.shadowindex.v1.FailBuildResponse;
import io.shadowindex.v1.PauseBuildResponse;
import io.shadowindex.v1.ResumeBuildResponse;
import io.shadowindex.v1.RetryBuildResponse;
import io.shadowindex.v1.StartBuildResponse;
import java.time.Duration;

/** The answers to calls that move a build through its lifecycle. */
final class BuildAnswers {

  private final Messages messages;

  BuildAnswers(Messages messages) {
    this.messages = messages;
  }

  StartBuildResponse started(ShadowIndex build, Duration estimate) {
    return StartBuildResponse.newBuilder()
        .setShadowIndex(messages.shadowIndex(build))
        .setShadowIndexId(build.id().toString())
        .setMessage("Shadow index build started; readers keep the current index meanwhile")
        .setEstimatedBuildTimeMinutes((int) Math.max(1, estimate.plusSeconds(59).toMinutes()))
        .build();
  }

  CompleteBuildResponse completed(ShadowIndex build) {
    return CompleteBuildResponse.newBuilder()
        .setShadowIndex(messages.shadowIndex(build))
        .setMessage("Shadow index is built and ready to be switched to")
        .build();
  }

  PauseBuildResponse paused(ShadowIndex build) {
    return PauseBuildResponse.newBuilder().setShadowIndex(messages.shadowIndex(build)).build();
  }

  ResumeBuildResponse resumed(ShadowIndex build) {
    return ResumeBuildResponse.newBuilder().setShadowIndex(messages.shadowIndex(build)).build();
  }

  ClaimBuildResponse claimed(ShadowIndex build) {
    return ClaimBuildResponse.newBuilder().setShadowIndex(messages.shadowIndex(build)).build();
  }

  FailBuildResponse failed(ShadowIndex build) {
    return FailBuildResponse.newBuilder().setShadowIndex(messages.shadowIndex(build)).build();
  }

  RetryBuildResponse retried(ShadowIndex build) {
    return RetryBuildResponse.newBuilder().setShadowIndex(messages.shadowIndex(build)).build();
  }

  CancelBuildResponse cancelled(ShadowIndex build) {
    return CancelBuildResponse.newBuilder()
        .setShadowIndex(messages.shadowIndex(build))
        .setMessage("Shadow index build cancelled; the current index is unaffected")
        .build();
  }
}
