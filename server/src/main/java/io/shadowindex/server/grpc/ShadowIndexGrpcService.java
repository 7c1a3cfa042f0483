package io.shadowindex.server.grpc;

import io.grpc.stub.StreamObserver;
import io.shadowindex.server.audit.AuditStore;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.BuildStore.BuildList;
import io.shadowindex.server.build.BuildStore.IndexEntry;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.grpc.BuildWatchStream.Batches;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.switchover.IndexDoctor;
import io.shadowindex.server.switchover.IndexRemoval;
import io.shadowindex.server.switchover.SwitchExecutor;
import io.shadowindex.server.watch.BuildWatches;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.CancelBuildResponse;
import io.shadowindex.v1.CheckIndexesRequest;
import io.shadowindex.v1.CheckIndexesResponse;
import io.shadowindex.v1.ClaimBuildRequest;
import io.shadowindex.v1.ClaimBuildResponse;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.CompleteBuildResponse;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.DeleteIndexResponse;
import io.shadowindex.v1.FailBuildRequest;
import io.shadowindex.v1.FailBuildResponse;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.GetIndexResponse;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.GetShadowIndexResponse;
import io.shadowindex.v1.ListAuditEntriesRequest;
import io.shadowindex.v1.ListAuditEntriesResponse;
import io.shadowindex.v1.ListIndexesRequest;
import io.shadowindex.v1.ListIndexesResponse;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ListShadowIndexesResponse;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.PauseBuildResponse;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.ReportProgressResponse;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.ResumeBuildResponse;
import io.shadowindex.v1.RetryBuildRequest;
import io.shadowindex.v1.RetryBuildResponse;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceImplBase;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.StartBuildResponse;
import io.shadowindex.v1.StreamProgressRequest;
import io.shadowindex.v1.StreamProgressResponse;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The RPCs: map, call the domain, map back. Requests have passed their field rules. */
final class ShadowIndexGrpcService extends ShadowIndexServiceImplBase {

  private static final int DEFAULT_PAGE = 50;
  private static final int RETAINED_LIMIT = 100;
  private static final int FINDINGS_LIMIT = 1000;

  private final BuildLifecycle builds;
  private final SwitchExecutor switches;
  private final IndexRemoval removal;
  private final IndexDoctor doctor;
  private final BuildWatches watches;
  private final AuditStore audit;
  private final Messages messages;
  private final BuildAnswers answers;
  private final SwitchMessages switchMessages;
  private final WatchMessages watchMessages;
  private final WorkerCalls workers;
  private final boolean autoSwitchByDefault;

  ShadowIndexGrpcService(
      BuildLifecycle builds,
      SwitchExecutor switches,
      IndexRemoval removal,
      IndexDoctor doctor,
      BuildWatches watches,
      AuditStore audit,
      Messages messages,
      SwitchMessages switchMessages,
      boolean autoSwitchByDefault,
      WorkerCalls workers) {
    this.builds = builds;
    this.workers = workers;
    this.switches = switches;
    this.autoSwitchByDefault = autoSwitchByDefault;
    this.doctor = doctor;
    this.removal = removal;
    this.watches = watches;
    this.audit = audit;
    this.messages = messages;
    this.answers = new BuildAnswers(messages);
    this.switchMessages = switchMessages;
    this.watchMessages = new WatchMessages(messages);
  }

  /** A domain call that touches files. */
  interface FileCall<T> {
    T run() throws IOException;
  }

  @Override
  public void startBuild(StartBuildRequest request, StreamObserver<StartBuildResponse> client) {
    BuildSpec spec = Messages.spec(request, autoSwitchByDefault);
    Duration estimate = builds.estimateBuildTime(spec);
    answer(client, answers.started(unchecked(() -> builds.start(spec)), estimate));
  }

  @Override
  public void reportProgress(
      ReportProgressRequest request, StreamObserver<ReportProgressResponse> client) {
    answer(client, workers.report(request));
  }

  @Override
  public StreamObserver<StreamProgressRequest> streamProgress(
      StreamObserver<StreamProgressResponse> client) {
    return workers.stream(client);
  }

  @Override
  public void pauseBuild(PauseBuildRequest request, StreamObserver<PauseBuildResponse> client) {
    answer(client, workers.pause(request));
  }

  @Override
  public void resumeBuild(ResumeBuildRequest request, StreamObserver<ResumeBuildResponse> client) {
    answer(client, workers.resume(request));
  }

  @Override
  public void claimBuild(ClaimBuildRequest request, StreamObserver<ClaimBuildResponse> client) {
    answer(client, workers.claim(request));
  }

  @Override
  public void completeBuild(
      CompleteBuildRequest request, StreamObserver<CompleteBuildResponse> client) {
    ShadowIndex build =
        unchecked(
            () ->
                builds.complete(
                    Messages.buildId(request.getShadowIndexId()),
                    precondition(request.getFencingToken(), request.getEtag()),
                    Messages.claimedManifest(request),
                    measured -> Messages.completion(request, measured)));
    answer(client, answers.completed(build));
  }

  @Override
  public void failBuild(FailBuildRequest request, StreamObserver<FailBuildResponse> client) {
    ShadowIndex build =
        builds.fail(
            Messages.buildId(request.getShadowIndexId()),
            precondition(request.getFencingToken(), request.getEtag()),
            request.getErrorMessage());
    answer(client, answers.failed(build));
  }

  @Override
  public void retryBuild(RetryBuildRequest request, StreamObserver<RetryBuildResponse> client) {
    ShadowIndex build =
        unchecked(
            () ->
                builds.retry(
                    Messages.buildId(request.getShadowIndexId()),
                    precondition(0, request.getEtag())));
    answer(client, answers.retried(build));
  }

  @Override
  public void cancelBuild(CancelBuildRequest request, StreamObserver<CancelBuildResponse> client) {
    ShadowIndex build =
        builds.cancel(
            Messages.buildId(request.getShadowIndexId()),
            precondition(0, request.getEtag()),
            request.getReason());
    answer(client, answers.cancelled(build));
  }

  @Override
  public void switchIndex(SwitchIndexRequest request, StreamObserver<SwitchIndexResponse> client) {
    var switchRequest = SwitchMessages.request(request, Etag.revision(request.getEtag()));
    answer(
        client,
        request.getValidateOnly()
            ? switchMessages.response(
                unchecked(() -> switches.preview(switchRequest)), switchRequest)
            : switchMessages.response(
                unchecked(() -> switches.execute(switchRequest)), switchRequest));
  }

  @Override
  public void rollbackIndex(
      RollbackIndexRequest request, StreamObserver<RollbackIndexResponse> client) {
    var rollback = SwitchMessages.request(request);
    answer(client, switchMessages.rollbackResponse(unchecked(() -> switches.rollBack(rollback))));
  }

  @Override
  public void deleteIndex(DeleteIndexRequest request, StreamObserver<DeleteIndexResponse> client) {
    IndexKey key =
        Messages.key(request.getBranchName(), request.getIndexType(), request.getIndexName());
    Duration timeout = SwitchMessages.timeout(request.getSwitchTimeoutSeconds());
    answer(
        client,
        switchMessages.response(
            unchecked(() -> removal.remove(key, request.getCancelBuilds(), timeout))));
  }

  @Override
  public void getShadowIndex(
      GetShadowIndexRequest request, StreamObserver<GetShadowIndexResponse> client) {
    ShadowIndex build = builds.get(Messages.buildId(request.getShadowIndexId()));
    answer(
        client,
        GetShadowIndexResponse.newBuilder().setShadowIndex(messages.shadowIndex(build)).build());
  }

  @Override
  public void listShadowIndexes(
      ListShadowIndexesRequest request, StreamObserver<ListShadowIndexesResponse> client) {
    var filters = request.toBuilder().clearPageSize().clearPageToken().build();
    long before = PageToken.number(filters, request.getPageToken(), Long.MAX_VALUE);
    int size = pageSize(request.getPageSize());
    BuildFilter filter = filter(request);
    BuildList found = builds.list(filter, before, size + 1);
    var page = Page.of(found.builds(), size, messages::shadowIndex);
    Map<BuildState, Long> counts = found.counts();
    var response =
        ListShadowIndexesResponse.newBuilder()
            .addAllShadowIndexes(page.messages())
            .setTotalCount(counts.values().stream().mapToLong(Long::longValue).sum())
            .setActiveBuilds(
                count(counts, BuildState.PREPARING, BuildState.BUILDING, BuildState.SWITCHING))
            .setReadyForSwitch(count(counts, BuildState.BUILT));
    if (page.isFollowed()) {
      response.setNextPageToken(PageToken.encode(filters, Long.toString(page.last().sequence())));
    }
    answer(client, response.build());
  }

  @Override
  public void getIndex(GetIndexRequest request, StreamObserver<GetIndexResponse> client) {
    IndexKey key =
        Messages.key(request.getBranchName(), request.getIndexType(), request.getIndexName());
    IndexEntry entry = builds.getIndex(key, RETAINED_LIMIT);
    answer(client, GetIndexResponse.newBuilder().setIndex(messages.index(entry)).build());
  }

  @Override
  public void listIndexes(ListIndexesRequest request, StreamObserver<ListIndexesResponse> client) {
    var filters = request.toBuilder().clearPageSize().clearPageToken().build();
    int size = pageSize(request.getPageSize());
    List<IndexEntry> found =
        builds.listIndexes(
            Messages.orNull(request.getBranchName()),
            Messages.indexTypeFilter(request.getIndexType()),
            request.getPageToken().isEmpty()
                ? null
                : IndexKeyToken.decode(PageToken.decode(filters, request.getPageToken())),
            size + 1);
    var page = Page.of(found, size, messages::index);
    var response = ListIndexesResponse.newBuilder().addAllIndexes(page.messages());
    if (page.isFollowed()) {
      response.setNextPageToken(PageToken.encode(filters, IndexKeyToken.encode(page.last().key())));
    }
    answer(client, response.build());
  }

  @Override
  public void checkIndexes(
      CheckIndexesRequest request, StreamObserver<CheckIndexesResponse> client) {
    var diagnosis = unchecked(() -> doctor.examine(FINDINGS_LIMIT));
    answer(
        client,
        CheckIndexesResponse.newBuilder()
            .setCheckedIndexes(diagnosis.examined())
            .addAllFindings(diagnosis.findings().stream().map(messages::finding).toList())
            .build());
  }

  @Override
  public void listAuditEntries(
      ListAuditEntriesRequest request, StreamObserver<ListAuditEntriesResponse> client) {
    var filters = request.toBuilder().clearPageSize().clearPageToken().build();
    long before = PageToken.number(filters, request.getPageToken(), Long.MAX_VALUE);
    int size = pageSize(request.getPageSize());
    var page =
        Page.of(
            audit.list(AuditMessages.filter(request), before, size + 1),
            size,
            AuditMessages::entry);
    var response = ListAuditEntriesResponse.newBuilder().addAllEntries(page.messages());
    if (page.isFollowed()) {
      response.setNextPageToken(PageToken.encode(filters, Long.toString(page.last().sequence())));
    }
    answer(client, response.build());
  }

  @Override
  public void watchBuild(WatchBuildRequest request, StreamObserver<WatchBuildResponse> client) {
    UUID id = Messages.buildId(request.getShadowIndexId());
    Long after = request.hasFromRevision() ? request.getFromRevision() : null;
    BuildWatchStream.start(
        client,
        Batches.ofOne(watchMessages::ofOne),
        WatchMessages.heartbeat(request.getHeartbeatSeconds()),
        wakeUp -> watches.watch(id, after, request.getFollow(), wakeUp));
  }

  @Override
  public void watchBuilds(WatchBuildsRequest request, StreamObserver<WatchBuildsResponse> client) {
    BuildScope scope = WatchMessages.scope(request);
    Long after = request.hasFromRevision() ? request.getFromRevision() : null;
    BuildWatchStream.start(
        client,
        new Batches<>(watchMessages::ofMany, request.getMaxBatch(), WatchMessages::together),
        WatchMessages.heartbeat(request.getHeartbeatSeconds()),
        wakeUp -> watches.watch(scope, after, wakeUp));
  }

  private static <T> void answer(StreamObserver<T> client, T response) {
    client.onNext(response);
    client.onCompleted();
  }

  static <T> T unchecked(FileCall<T> call) {
    try {
      return call.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Precondition precondition(long fencingToken, String etag) {
    return new Precondition(Messages.fencingToken(fencingToken), Etag.revision(etag));
  }

  private static BuildFilter filter(ListShadowIndexesRequest request) {
    return Messages.filter(
        request.getBranchName(), request.getIndexType(), request.getStatesList());
  }

  private static int pageSize(int requested) {
    return requested == 0 ? DEFAULT_PAGE : requested;
  }

  private static long count(Map<BuildState, Long> counts, BuildState... states) {
    return List.of(states).stream().mapToLong(state -> counts.getOrDefault(state, 0L)).sum();
  }
}
