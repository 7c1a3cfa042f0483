package io.shadowindex.server.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildMark;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.watch.WorkerStreams;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.ClaimBuildResponse;
import io.shadowindex.v1.Directive;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.PauseBuildResponse;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ReportProgressResponse;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.ResumeBuildResponse;
import io.shadowindex.v1.StreamProgressRequest;
import io.shadowindex.v1.StreamProgressResponse;

/** The RPCs between workers, those who direct them, and their builds. */
final class WorkerCalls {

  private final BuildLifecycle builds;
  private final WorkerStreams streams;
  private final Messages messages;
  private final BuildAnswers answers;
  private final ProgressCall.Limits limits;

  WorkerCalls(
      BuildLifecycle builds, WorkerStreams streams, Messages messages, ProgressCall.Limits limits) {
    this.builds = builds;
    this.streams = streams;
    this.messages = messages;
    this.answers = new BuildAnswers(messages);
    this.limits = limits;
  }

  ReportProgressResponse report(ReportProgressRequest request) {
    ShadowIndex build =
        builds.report(Messages.buildId(request.getShadowIndexId()), Messages.report(request));
    return ReportProgressResponse.newBuilder()
        .setShadowIndexId(request.getShadowIndexId())
        .setProgress(messages.progress(build))
        .setDirective(build.paused() ? Directive.Enum.PAUSE : Directive.Enum.CONTINUE)
        .build();
  }

  StreamObserver<StreamProgressRequest> stream(StreamObserver<StreamProgressResponse> client) {
    return ProgressCall.start(
        builds,
        streams,
        messages,
        limits,
        (ServerCallStreamObserver<StreamProgressResponse>) client);
  }

  PauseBuildResponse pause(PauseBuildRequest request) {
    ShadowIndex build =
        builds.mark(
            Messages.buildId(request.getShadowIndexId()),
            precondition(request.getEtag()),
            new BuildMark.Paused(request.getReason()));
    return answers.paused(build);
  }

  ResumeBuildResponse resume(ResumeBuildRequest request) {
    ShadowIndex build =
        builds.mark(
            Messages.buildId(request.getShadowIndexId()),
            precondition(request.getEtag()),
            new BuildMark.Resumed());
    return answers.resumed(build);
  }

  ClaimBuildResponse claim(ClaimBuildRequest request) {
    ShadowIndex build =
        builds.claim(
            Messages.buildId(request.getShadowIndexId()),
            precondition(request.getEtag()),
            new BuildMark.Claimed(request.getClaimant(), request.getForce()));
    return answers.claimed(build);
  }

  private static Precondition precondition(String etag) {
    return new Precondition(null, Etag.revision(etag));
  }
}
