package io.shadowindex.server.grpc;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.ProgressBoard.Staged;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.watch.WatchMessage;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildResponse.Heartbeat;
import io.shadowindex.v1.WatchBuildResponse.Notice;
import io.shadowindex.v1.WatchBuildResponse.Staging;
import io.shadowindex.v1.WatchBuildResponse.StateChange;
import io.shadowindex.v1.WatchBuildResponse.SwitchStep;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** What watchers are told, as messages of the contract. */
final class WatchMessages {

  private static final int HEARTBEAT_SECONDS = 10;
  private static final int SHARED = 256;

  private final Messages messages;

  /** Messages about the newest events, or about older ones for who is behind, by revision. */
  private final AtomicReferenceArray<@Nullable WatchBuildsResponse> newest =
      new AtomicReferenceArray<>(SHARED);

  WatchMessages(Messages messages) {
    this.messages = messages;
  }

  static Duration heartbeat(int seconds) {
    return Duration.ofSeconds(seconds == 0 ? HEARTBEAT_SECONDS : seconds);
  }

  static BuildScope scope(WatchBuildsRequest request) {
    return new BuildScope(
        Messages.filter(request.getBranchName(), request.getIndexType(), request.getStatesList()),
        request.getLabelsMap());
  }

  WatchBuildResponse ofOne(WatchMessage message) {
    return ofMany(message).getEvent();
  }

  WatchBuildsResponse ofMany(WatchMessage message) {
    return switch (message) {
      case WatchMessage.Snapshot(var revision, var build) ->
          of(build, at(revision).setSnapshot(messages.shadowIndex(build)));
      case WatchMessage.Happened(var event) -> shared(event);
      case WatchMessage.Staging(var revision, var staged) ->
          of(staged.build(), at(revision).setStaging(staging(staged)));
      case WatchMessage.Progressed(var revision, var build) ->
          of(build, at(revision).setProgress(messages.progress(build)));
      case WatchMessage.Heartbeat(var revision) ->
          WatchBuildsResponse.newBuilder()
              .setEvent(at(revision).setHeartbeat(Heartbeat.getDefaultInstance()))
              .build();
    };
  }

  /** One message that tells what those tell, of which there is at least one. */
  static WatchBuildsResponse together(List<WatchBuildsResponse> batch) {
    WatchBuildsResponse first = batch.getFirst();
    return batch.size() == 1
        ? first
        : first.toBuilder().addAllFurther(batch.subList(1, batch.size())).build();
  }

  /** Made once for all watchers, or a few times by those who are told at the same moment. */
  private WatchBuildsResponse shared(BuildEvent event) {
    int place = (int) (event.revision() % newest.length());
    WatchBuildsResponse there = newest.get(place);
    if (there != null && there.getEvent().getRevision() == event.revision()) {
      return there;
    }
    WatchBuildResponse.Builder told = at(event.revision());
    set(told, event);
    WatchBuildsResponse message = of(event.buildId(), event.build().key(), told);
    newest.set(place, message);
    return message;
  }

  private static WatchBuildResponse.Builder at(long revision) {
    return WatchBuildResponse.newBuilder().setRevision(revision);
  }

  private static WatchBuildsResponse of(ShadowIndex build, WatchBuildResponse.Builder told) {
    return of(build.id(), build.spec().key(), told);
  }

  private static WatchBuildsResponse of(UUID id, IndexKey key, WatchBuildResponse.Builder told) {
    return WatchBuildsResponse.newBuilder()
        .setShadowIndexId(id.toString())
        .setBranchName(key.branchName())
        .setIndexType(Messages.indexType(key))
        .setIndexName(key.indexName())
        .setEvent(told)
        .build();
  }

  private static void set(WatchBuildResponse.Builder response, BuildEvent event) {
    switch (event.kind()) {
      case STATE_CHANGED -> response.setStateChange(stateChange(event));
      case SWITCH_VALIDATING -> response.setSwitchStep(step(SwitchStep.Enum.VALIDATING, event));
      case SWITCH_STAGED -> response.setSwitchStep(step(SwitchStep.Enum.STAGED, event));
      case SWITCH_LOCKED -> response.setSwitchStep(step(SwitchStep.Enum.LOCKED, event));
      case SWITCH_FLIPPED -> response.setSwitchStep(step(SwitchStep.Enum.FLIPPED, event));
      case SWITCH_VERIFIED -> response.setSwitchStep(step(SwitchStep.Enum.VERIFIED, event));
      case SWITCH_COMMITTED -> response.setSwitchStep(step(SwitchStep.Enum.COMMITTED, event));
      case SWITCH_ROLLED_BACK -> response.setSwitchStep(step(SwitchStep.Enum.ROLLED_BACK, event));
      case SWITCH_ABORTED -> response.setSwitchStep(step(SwitchStep.Enum.ABORTED, event));
      case SWITCH_REFUSED -> response.setSwitchStep(step(SwitchStep.Enum.REFUSED, event));
      case STALLED -> response.setNotice(notice(Notice.Kind.STALLED, event));
      case RECOVERED -> response.setNotice(notice(Notice.Kind.RECOVERED, event));
      case PAUSED -> response.setNotice(notice(Notice.Kind.PAUSED, event));
      case RESUMED -> response.setNotice(notice(Notice.Kind.RESUMED, event));
      case CLAIMED -> response.setNotice(notice(Notice.Kind.CLAIMED, event));
      case READY_FOR_SWITCH -> response.setNotice(notice(Notice.Kind.READY_FOR_SWITCH, event));
      case AUTO_SWITCH_RESULT -> response.setNotice(notice(Notice.Kind.AUTO_SWITCH_RESULT, event));
      case FILES_DELETED -> response.setNotice(notice(Notice.Kind.FILES_DELETED, event));
    }
  }

  private static StateChange stateChange(BuildEvent event) {
    return StateChange.newBuilder()
        .setPreviousState(
            event.previous() == null ? State.STATE_UNSPECIFIED : Messages.state(event.previous()))
        .setState(Messages.state(event.state()))
        .setAttempt(event.attempt())
        .setMessage(event.message())
        .setOccurredAt(Messages.timestamp(event.occurredAt()))
        .build();
  }

  private static SwitchStep step(SwitchStep.Enum step, BuildEvent event) {
    return SwitchStep.newBuilder()
        .setStep(step)
        .setMessage(event.message())
        .setOccurredAt(Messages.timestamp(event.occurredAt()))
        .build();
  }

  private static Notice notice(Notice.Kind kind, BuildEvent event) {
    return Notice.newBuilder()
        .setKind(kind)
        .setMessage(event.message())
        .addAllLostWorkerIds(event.workers())
        .setOccurredAt(Messages.timestamp(event.occurredAt()))
        .build();
  }

  private static Staging staging(Staged staged) {
    long total = staged.totalBytes();
    return Staging.newBuilder()
        .setCopiedBytes(staged.copiedBytes())
        .setTotalBytes(total)
        .setPercent(total == 0 ? 100 : (int) (staged.copiedBytes() * 100.0 / total))
        .build();
  }
}
