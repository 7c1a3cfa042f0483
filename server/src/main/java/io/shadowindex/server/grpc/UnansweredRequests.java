package io.shadowindex.server.grpc;

import static io.shadowindex.server.grpc.ShadowIndexGrpcService.unchecked;

import com.google.protobuf.Message;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore.IndexEntry;
import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchResult;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.request.RecordedRequest;
import io.shadowindex.server.switchover.IndexRemoval;
import io.shadowindex.server.switchover.RemovalOutcome;
import io.shadowindex.server.switchover.RollbackRequest;
import io.shadowindex.server.switchover.SwitchExecutor;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ReleaseLockRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests that had an effect and got no answer, because the server died or failed in
 * between: from what is in the database, after bringing to its end what has only begun. What has
 * happened is never done again.
 */
final class UnansweredRequests {

  private final BuildLifecycle builds;
  private final SwitchExecutor switches;
  private final IndexRemoval removal;
  private final BuildAnswers answers;
  private final SwitchMessages switchMessages;
  private final LockGrpcService locks;

  UnansweredRequests(
      BuildLifecycle builds,
      SwitchExecutor switches,
      IndexRemoval removal,
      Messages messages,
      SwitchMessages switchMessages,
      LockGrpcService locks) {
    this.builds = builds;
    this.switches = switches;
    this.removal = removal;
    this.answers = new BuildAnswers(messages);
    this.switchMessages = switchMessages;
    this.locks = locks;
  }

  Message answer(RecordedRequest recorded, Message request) {
    return switch (request) {
      case StartBuildRequest _ -> start(recorded);
      case RetryBuildRequest _ ->
          answers.retried(unchecked(() -> builds.resume(buildId(recorded))));
      case CompleteBuildRequest _ -> answers.completed(completed(recorded));
      case FailBuildRequest _ -> answers.failed(build(recorded));
      case CancelBuildRequest _ -> answers.cancelled(build(recorded));
      case PauseBuildRequest _ -> answers.paused(build(recorded));
      case ResumeBuildRequest _ -> answers.resumed(build(recorded));
      case ClaimBuildRequest _ -> answers.claimed(stillClaimed(recorded));
      case SwitchIndexRequest asked -> switchIndex(recorded, asked);
      case RollbackIndexRequest asked -> rollBack(recorded, asked);
      case DeleteIndexRequest asked -> delete(recorded, asked);
      case AcquireLockRequest _ -> locks.acquired(lockId(recorded));
      case ReleaseLockRequest _ -> locks.released(lockId(recorded));
      default ->
          throw new IllegalStateException(
              request.getDescriptorForType().getName() + " is not a mutation");
    };
  }

  private Message start(RecordedRequest recorded) {
    ShadowIndex build = unchecked(() -> builds.resume(buildId(recorded)));
    return answers.started(build, builds.estimateBuildTime(build.spec()));
  }

  /** The effect was that the build failed when the disk did. */
  private ShadowIndex completed(RecordedRequest recorded) {
    ShadowIndex build = build(recorded);
    if (build.completion() == null) {
      throw new Refusal.IllegalTransition(
              build.id(),
              Trigger.COMPLETE.verb(),
              build.state().name(),
              Trigger.COMPLETE.sources().stream().map(BuildState::name).toList())
          .exception();
    }
    return build;
  }

  /** Whoever claimed the build since has it; its token is for nobody else. */
  private ShadowIndex stillClaimed(RecordedRequest recorded) {
    ShadowIndex build = build(recorded);
    Long token = recorded.fencingToken();
    if (token == null || token != build.fencingToken()) {
      throw new Refusal.StaleFencingToken(build.id(), token == null ? 0 : token).exception();
    }
    return build;
  }

  /**
   * A build that is still BUILT was not switched to: either its checks said no, or what had begun
   * was undone.
   */
  private Message switchIndex(RecordedRequest recorded, SwitchIndexRequest asked) {
    ShadowIndex build = build(recorded);
    if (build.state() != BuildState.BUILT || wasRefused(build, recorded)) {
      return switchMessages.response(Ended.of(build, recorded));
    }
    var request = SwitchMessages.request(asked, Etag.revision(asked.getEtag()));
    return switchMessages.response(unchecked(() -> switches.execute(request)), request);
  }

  /** Whether that is what the request came to: its checks found something, and wrote that down. */
  private static boolean wasRefused(ShadowIndex build, RecordedRequest recorded) {
    SwitchResult last = build.lastSwitch();
    return last != null
        && !last.validationErrors().isEmpty()
        && last.finishedAt().equals(recorded.recordedAt());
  }

  /** A generation without a new event has not become live. */
  private Message rollBack(RecordedRequest recorded, RollbackIndexRequest asked) {
    ShadowIndex generation = build(recorded);
    Long revision = recorded.revision();
    if (revision == null || generation.revision() != revision) {
      return switchMessages.rollbackResponse(Ended.of(generation, recorded));
    }
    var request = SwitchMessages.request(asked);
    var named = new RollbackRequest(request.key(), generation.id(), request.timeout());
    return switchMessages.rollbackResponse(unchecked(() -> switches.rollBack(named)));
  }

  /** The index is still to go while it has nothing that is newer than the request. */
  private Message delete(RecordedRequest recorded, DeleteIndexRequest asked) {
    IndexKey key = Messages.key(asked.getBranchName(), asked.getIndexType(), asked.getIndexName());
    UUID id = recorded.buildId();
    ShadowIndex build = id == null ? null : builds.get(id);
    List<ShadowIndex> cancelled =
        build != null && build.state() == BuildState.CANCELLED ? List.of(build) : List.of();
    ShadowIndex removed = cancelled.isEmpty() ? build : null;
    IndexEntry index = existing(key);
    if (index == null || isNewer(index, recorded.revision())) {
      return switchMessages.response(new RemovalOutcome(removed, cancelled, Duration.ZERO));
    }
    Duration timeout = SwitchMessages.timeout(asked.getSwitchTimeoutSeconds());
    RemovalOutcome outcome = unchecked(() -> removal.remove(key, false, timeout));
    return switchMessages.response(
        new RemovalOutcome(outcome.removed(), cancelled, outcome.lockHeld()));
  }

  private @Nullable IndexEntry existing(IndexKey key) {
    try {
      return builds.getIndex(key, 0);
    } catch (RefusedException e) {
      if (e.refusal() instanceof Refusal.IndexNotFound) {
        return null;
      }
      throw e;
    }
  }

  /** Whether something became live, or was begun where nothing is live, after the effect. */
  private static boolean isNewer(IndexEntry index, @Nullable Long revision) {
    ShadowIndex active = index.active();
    if (active == null) {
      return index.live() != null;
    }
    return revision == null || active.revision() > revision;
  }

  private ShadowIndex build(RecordedRequest recorded) {
    return builds.get(buildId(recorded));
  }

  private static UUID buildId(RecordedRequest recorded) {
    return required(recorded.buildId(), "build");
  }

  private static UUID lockId(RecordedRequest recorded) {
    return required(recorded.lockId(), "lock");
  }

  private static UUID required(@Nullable UUID id, String what) {
    if (id == null) {
      throw new IllegalStateException("the request's effect was on no " + what);
    }
    return id;
  }
}
