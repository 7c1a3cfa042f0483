package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.BuildRows.isBuildOf;
import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static org.jooq.impl.DSL.inline;
import static org.jooq.impl.DSL.insertInto;
import static org.jooq.impl.DSL.noCondition;

import io.shadowindex.server.build.AutoSwitch;
import io.shadowindex.server.build.BuildChange;
import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildLimits;
import io.shadowindex.server.build.BuildMark;
import io.shadowindex.server.build.BuildProgress;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.Completion;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchResult;
import io.shadowindex.server.build.ValidationCheck;
import io.shadowindex.server.build.WorkerPart;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.request.Mutation;
import io.shadowindex.server.storage.EventLog.Numbered;
import io.shadowindex.server.storage.EventLog.Unnumbered;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Query;
import org.jspecify.annotations.Nullable;

/** Builds in a relational database. */
final class JooqBuildStore implements BuildStore {

  private final Transactions transactions;
  private final BuildLimits limits;
  private final InstantSource clock;

  JooqBuildStore(Transactions transactions, BuildLimits limits, InstantSource clock) {
    this.transactions = transactions;
    this.limits = limits;
    this.clock = clock;
  }

  @Override
  public ShadowIndex create(UUID id, BuildSpec spec) {
    return transactions.write(
        transaction -> {
          Instant now = now();
          IndexSlots.occupy(transaction, spec.key(), id);
          requireRoom(transaction, spec.key().branchName());
          var begun = new Unnumbered(id, null, BuildState.PREPARING, 1, "build started", now);
          Numbered events = EventLog.number(transaction, List.of(begun));
          ShadowIndex build = insert(transaction, id, spec, events.first(), now);
          BuildCounts.add(transaction, spec.key(), BuildState.PREPARING);
          EventLog.write(transaction, events);
          return build;
        });
  }

  /** Refuses one more unfinished build. */
  private void requireRoom(DSLContext transaction, String branchName) {
    if (BuildCounts.unfinished(transaction, branchName) >= limits.perBranch()) {
      throw new Refusal.TooManyBuilds(limits.perBranch(), branchName).exception();
    }
    if (BuildCounts.unfinished(transaction) >= limits.total()) {
      throw new Refusal.TooManyBuilds(limits.total(), null).exception();
    }
  }

  /** A build that begins with the event of that revision. */
  private record Begun(
      UUID id, BuildSpec spec, String startedBy, long fencingToken, long revision, Instant now) {

    @Nullable AutoSwitch automatic() {
      return spec.switching().automatic();
    }
  }

  private static final Kept<Begun> INSERT =
      new Kept<>(
          value ->
              insertInto(SHADOW_INDEX)
                  .set(
                      SHADOW_INDEX.SHADOW_INDEX_ID,
                      value.of(SHADOW_INDEX.SHADOW_INDEX_ID, Begun::id))
                  .set(SHADOW_INDEX.SEQUENCE, value.of(SHADOW_INDEX.SEQUENCE, Begun::revision))
                  .set(
                      SHADOW_INDEX.BRANCH_NAME,
                      value.of(SHADOW_INDEX.BRANCH_NAME, begun -> begun.spec().key().branchName()))
                  .set(
                      SHADOW_INDEX.INDEX_TYPE,
                      value.of(
                          SHADOW_INDEX.INDEX_TYPE, begun -> begun.spec().key().indexType().name()))
                  .set(
                      SHADOW_INDEX.INDEX_NAME,
                      value.of(SHADOW_INDEX.INDEX_NAME, begun -> begun.spec().key().indexName()))
                  .set(
                      SHADOW_INDEX.RESOURCE_TYPES,
                      value.of(
                          SHADOW_INDEX.RESOURCE_TYPES,
                          begun -> array(begun.spec().resourceTypes())))
                  .set(
                      SHADOW_INDEX.FULL_REBUILD,
                      value.of(SHADOW_INDEX.FULL_REBUILD, begun -> begun.spec().fullRebuild()))
                  .set(
                      SHADOW_INDEX.PARALLEL_WORKERS,
                      value.of(
                          SHADOW_INDEX.PARALLEL_WORKERS, begun -> begun.spec().parallelWorkers()))
                  .set(
                      SHADOW_INDEX.PROBE_QUERIES,
                      value.of(
                          SHADOW_INDEX.PROBE_QUERIES, begun -> array(begun.spec().probeQueries())))
                  .set(
                      SHADOW_INDEX.SWITCH_STRATEGY,
                      value.of(
                          SHADOW_INDEX.SWITCH_STRATEGY,
                          begun -> begun.spec().switching().strategy().name()))
                  .set(
                      SHADOW_INDEX.AUTO_SWITCH,
                      value.of(SHADOW_INDEX.AUTO_SWITCH, begun -> begun.automatic() != null))
                  .set(
                      SHADOW_INDEX.AUTO_SWITCH_CHECKS,
                      value.of(SHADOW_INDEX.AUTO_SWITCH_CHECKS, begun -> checks(begun.automatic())))
                  .set(
                      SHADOW_INDEX.AUTO_SWITCH_BACKUP,
                      value.of(
                          SHADOW_INDEX.AUTO_SWITCH_BACKUP,
                          begun -> begun.automatic() != null && begun.automatic().backupCurrent()))
                  .set(
                      SHADOW_INDEX.AUTO_SWITCH_TIMEOUT_SECONDS,
                      value.of(
                          SHADOW_INDEX.AUTO_SWITCH_TIMEOUT_SECONDS,
                          begun -> timeoutSeconds(begun.automatic())))
                  .set(
                      SHADOW_INDEX.SERVICE_NAME,
                      value.of(SHADOW_INDEX.SERVICE_NAME, begun -> begun.spec().serviceName()))
                  .set(
                      SHADOW_INDEX.SERVICE_INSTANCE_ID,
                      value.of(
                          SHADOW_INDEX.SERVICE_INSTANCE_ID,
                          begun -> begun.spec().serviceInstanceId()))
                  .set(
                      SHADOW_INDEX.LABELS,
                      value.of(SHADOW_INDEX.LABELS, begun -> BuildRows.json(begun.spec().labels())))
                  .set(SHADOW_INDEX.STARTED_BY, value.of(SHADOW_INDEX.STARTED_BY, Begun::startedBy))
                  .set(
                      SHADOW_INDEX.FENCING_TOKEN,
                      value.of(SHADOW_INDEX.FENCING_TOKEN, Begun::fencingToken))
                  .set(SHADOW_INDEX.REVISION, value.of(SHADOW_INDEX.REVISION, Begun::revision))
                  .set(SHADOW_INDEX.CREATED_AT, value.of(SHADOW_INDEX.CREATED_AT, Begun::now))
                  .set(SHADOW_INDEX.STATE, inline(BuildState.PREPARING.name()))
                  .set(SHADOW_INDEX.ATTEMPT, inline(1))
                  .set(SHADOW_INDEX.PROGRESS_PERCENT, inline(0))
                  .set(SHADOW_INDEX.RECORD_COUNT, inline(0L))
                  .set(SHADOW_INDEX.ERROR_MESSAGE, inline(""))
                  .returning(),
          SHADOW_INDEX.fields());

  private static ShadowIndex insert(
      DSLContext transaction, UUID id, BuildSpec spec, long revision, Instant now) {
    Mutation mutation = Mutation.current();
    String startedBy = mutation == null ? "" : mutation.call().principal();
    long token = EventLog.nextFencingToken(transaction);
    return INSERT
        .fetch(transaction, new Begun(id, spec, startedBy, token, revision, now))
        .map(BuildRows::toShadowIndex)
        .orElseThrow();
  }

  private static String[] array(List<String> texts) {
    return texts.toArray(String[]::new);
  }

  private static String @Nullable [] checks(@Nullable AutoSwitch policy) {
    return policy == null
        ? null
        : policy.checks().stream().map(ValidationCheck::name).toArray(String[]::new);
  }

  private static int timeoutSeconds(@Nullable AutoSwitch policy) {
    return policy == null ? 0 : (int) policy.timeout().toSeconds();
  }

  @Override
  public ShadowIndex apply(UUID id, Precondition precondition, BuildChange change) {
    return transactions.write(
        transaction -> {
          Instant now = now();
          if (change instanceof BuildChange.Retried) {
            requireRoom(transaction, Transition.require(transaction, id).spec().key().branchName());
          }
          ShadowIndex before =
              Transition.requirePermitted(transaction, id, precondition, change.trigger());
          BuildState target = change.trigger().target();
          int attempt = before.attempt() + (change instanceof BuildChange.Retried ? 1 : 0);
          var changed = new Unnumbered(id, before.state(), target, attempt, change.message(), now);
          Numbered events = EventLog.number(transaction, List.of(changed));
          var values = values(transaction, before, change, now);
          values.put(SHADOW_INDEX.REVISION, events.revisionOf(id));
          ShadowIndex after = Transition.apply(transaction, before, change.trigger(), values);
          if (before.state().isLive() && !target.isLive()) {
            IndexSlots.free(transaction, before.spec().key(), id);
          } else if (!before.state().isLive() && target.isLive()) {
            IndexSlots.occupy(transaction, before.spec().key(), id);
          }
          WorkerParts.forget(transaction, id);
          EventLog.write(transaction, events);
          return after;
        });
  }

  private static Map<Field<?>, @Nullable Object> values(
      DSLContext transaction, ShadowIndex before, BuildChange change, Instant now) {
    var values = new HashMap<Field<?>, @Nullable Object>();
    values.put(SHADOW_INDEX.STALLED, false);
    values.put(SHADOW_INDEX.PAUSED, false);
    switch (change) {
      case BuildChange.Prepared() -> values.put(SHADOW_INDEX.STARTED_AT, now);
      case BuildChange.Completed(Completion completion) ->
          complete(values, before, completion, now);
      case BuildChange.Failed(String message, Duration keepFiles) -> {
        values.put(SHADOW_INDEX.ERROR_MESSAGE, message);
        values.put(SHADOW_INDEX.RETAIN_UNTIL, now.plus(keepFiles));
      }
      case BuildChange.Cancelled(String message) -> {
        values.put(SHADOW_INDEX.ERROR_MESSAGE, message);
        values.put(SHADOW_INDEX.RETAIN_UNTIL, now);
      }
      case BuildChange.Retried() -> {
        values.put(SHADOW_INDEX.ATTEMPT, before.attempt() + 1);
        values.put(SHADOW_INDEX.FENCING_TOKEN, EventLog.nextFencingToken(transaction));
        values.put(SHADOW_INDEX.PROGRESS_PERCENT, 0);
        values.put(SHADOW_INDEX.RECORD_COUNT, 0L);
        values.put(SHADOW_INDEX.MEASURED_SIZE_BYTES, null);
        values.put(SHADOW_INDEX.ERROR_MESSAGE, "");
        for (var cleared :
            List.of(
                SHADOW_INDEX.LAST_HEARTBEAT_AT,
                SHADOW_INDEX.STARTED_AT,
                SHADOW_INDEX.COMPLETED_AT,
                SHADOW_INDEX.RETAIN_UNTIL,
                SHADOW_INDEX.FILES_DELETED_AT)) {
          values.put(cleared, null);
        }
      }
    }
    return values;
  }

  private static void complete(
      Map<Field<?>, @Nullable Object> values,
      ShadowIndex before,
      Completion completion,
      Instant now) {
    values.put(SHADOW_INDEX.PROGRESS_PERCENT, 100);
    values.put(SHADOW_INDEX.RECORD_COUNT, completion.recordCount());
    values.put(SHADOW_INDEX.REPORTED_SIZE_BYTES, completion.reportedSizeBytes());
    values.put(SHADOW_INDEX.MEASURED_SIZE_BYTES, completion.measuredSizeBytes());
    values.put(SHADOW_INDEX.EXPECTED_RECORD_COUNT, completion.expectedRecordCount());
    values.put(SHADOW_INDEX.SOURCE_WATERMARK, completion.sourceWatermark());
    values.put(SHADOW_INDEX.COMPLETED_AT, now);
    values.put(SHADOW_INDEX.AUTO_SWITCH_DUE, before.spec().switching().automatic() != null);
    Completion.Summary summary = completion.summary();
    values.put(
        SHADOW_INDEX.BUILD_DURATION_SECONDS,
        summary == null ? null : summary.buildDurationSeconds());
    values.put(SHADOW_INDEX.PERFORMANCE_INDEX, summary == null ? null : summary.performanceIndex());
    values.put(SHADOW_INDEX.ATTRIBUTES, summary == null ? null : summary.attributes());
  }

  @Override
  public ShadowIndex mark(UUID id, Precondition precondition, BuildMark mark) {
    return transactions.write(
        transaction -> {
          ShadowIndex build =
              Transition.requireState(
                  transaction, id, precondition, mark.verb(), List.of(BuildState.BUILDING));
          return switch (mark) {
            case BuildMark.Paused(String reason) ->
                build.paused()
                    ? build
                    : mark(transaction, build, BuildEvent.Kind.PAUSED, reason, paused(true));
            case BuildMark.Resumed() ->
                build.paused()
                    ? mark(transaction, build, BuildEvent.Kind.RESUMED, "", paused(false))
                    : build;
            case BuildMark.Claimed claim -> claim(transaction, build, claim);
            case BuildMark.Stalled(List<String> workers, String message) -> {
              WorkerParts.lose(transaction, id, workers);
              yield mark(
                  transaction,
                  build,
                  Unnumbered.of(build, BuildEvent.Kind.STALLED, message, workers, now()),
                  Map.of(SHADOW_INDEX.STALLED, true));
            }
            case BuildMark.Recovered() ->
                mark(
                    transaction,
                    build,
                    BuildEvent.Kind.RECOVERED,
                    "",
                    Map.of(SHADOW_INDEX.STALLED, false));
          };
        });
  }

  private static Map<Field<?>, @Nullable Object> paused(boolean paused) {
    return Map.of(SHADOW_INDEX.PAUSED, paused);
  }

  private ShadowIndex claim(DSLContext transaction, ShadowIndex build, BuildMark.Claimed claim) {
    if (!build.stalled() && !claim.force()) {
      throw new Refusal.BuildNotStalled(build.id()).exception();
    }
    WorkerParts.forget(transaction, build.id());
    return mark(
        transaction,
        build,
        BuildEvent.Kind.CLAIMED,
        claim.claimant().isEmpty() ? "" : "by " + claim.claimant(),
        Map.of(
            SHADOW_INDEX.FENCING_TOKEN,
            EventLog.nextFencingToken(transaction),
            SHADOW_INDEX.STALLED,
            false));
  }

  private ShadowIndex mark(
      DSLContext transaction,
      ShadowIndex build,
      BuildEvent.Kind kind,
      String message,
      Map<Field<?>, @Nullable Object> values) {
    return mark(transaction, build, Unnumbered.of(build, kind, message, now()), values);
  }

  private static ShadowIndex mark(
      DSLContext transaction,
      ShadowIndex build,
      Unnumbered event,
      Map<Field<?>, @Nullable Object> values) {
    Numbered events = EventLog.number(transaction, List.of(event));
    var all = new HashMap<Field<?>, @Nullable Object>(values);
    Long revision = events.revisionOf(build.id());
    if (revision != null) {
      all.put(SHADOW_INDEX.REVISION, revision);
    }
    ShadowIndex marked = Transition.change(transaction, build, all);
    EventLog.write(transaction, events);
    return marked;
  }

  @Override
  public void tell(UUID id, BuildEvent.Kind step) {
    transactions.write(
        transaction -> {
          ShadowIndex build = Transition.require(transaction, id);
          EventLog.append(transaction, List.of(Unnumbered.of(build, step, "", now())));
          return true; // a transaction answers something; there is nothing to say
        });
  }

  @Override
  public void saveProgress(Collection<ProgressUpdate> updates) {
    var all = List.copyOf(updates);
    transactions.write(
        transaction -> {
          int[] valid =
              transaction
                  .batch(all.stream().map(update -> progress(transaction, update)).toList())
                  .execute();
          WorkerParts.save(
              transaction,
              IntStream.range(0, valid.length)
                  .filter(i -> valid[i] == 1)
                  .mapToObj(all::get)
                  .toList());
          return true; // a transaction answers something; there is nothing to say
        });
  }

  private static Query progress(DSLContext transaction, ProgressUpdate update) {
    BuildProgress progress = update.progress();
    return transaction
        .update(SHADOW_INDEX)
        .set(SHADOW_INDEX.PROGRESS_PERCENT, progress.percent())
        .set(SHADOW_INDEX.RECORD_COUNT, progress.recordCount())
        .set(SHADOW_INDEX.ESTIMATED_COMPLETION_SECONDS, progress.estimatedCompletionSeconds())
        .set(SHADOW_INDEX.LAST_HEARTBEAT_AT, progress.reportedAt())
        .where(SHADOW_INDEX.SHADOW_INDEX_ID.eq(update.id()))
        .and(SHADOW_INDEX.STATE.eq(BuildState.BUILDING.name()))
        .and(SHADOW_INDEX.FENCING_TOKEN.eq(update.fencingToken()));
  }

  @Override
  public Map<String, WorkerPart> parts(UUID id, Instant heardAt) {
    return transactions.read(query -> WorkerParts.find(query, id, heardAt));
  }

  @Override
  public Optional<ShadowIndex> find(UUID id) {
    return transactions.read(
        query ->
            query
                .selectFrom(SHADOW_INDEX)
                .where(SHADOW_INDEX.SHADOW_INDEX_ID.eq(id))
                .fetchOptional(BuildRows::toShadowIndex));
  }

  @Override
  public Set<UUID> withoutFiles(Collection<UUID> ids) {
    return transactions.read(
        query ->
            query
                .select(SHADOW_INDEX.SHADOW_INDEX_ID)
                .from(SHADOW_INDEX)
                .where(SHADOW_INDEX.SHADOW_INDEX_ID.in(ids))
                .and(SHADOW_INDEX.FILES_DELETED_AT.isNotNull())
                .fetchSet(SHADOW_INDEX.SHADOW_INDEX_ID));
  }

  @Override
  public Optional<String> startedBy(UUID id) {
    return transactions.read(
        query ->
            query
                .select(SHADOW_INDEX.STARTED_BY)
                .from(SHADOW_INDEX)
                .where(SHADOW_INDEX.SHADOW_INDEX_ID.eq(id))
                .fetchOptional(SHADOW_INDEX.STARTED_BY));
  }

  @Override
  public List<ShadowIndex> findByState(Set<BuildState> states) {
    return newest(matches(new BuildFilter(null, null, states)), Integer.MAX_VALUE);
  }

  @Override
  public List<ShadowIndex> autoSwitchesDue() {
    return newest(
        SHADOW_INDEX.STATE.eq(BuildState.BUILT.name()).and(SHADOW_INDEX.AUTO_SWITCH_DUE),
        Integer.MAX_VALUE);
  }

  @Override
  public void saveSwitchResult(UUID id, SwitchResult result) {
    transactions.write(
        transaction -> {
          SwitchResults.save(transaction, id, result);
          return true; // a transaction answers something; there is nothing to say
        });
  }

  @Override
  public List<Duration> lockHeldLately(int limit) {
    return transactions.read(query -> SwitchResults.lockHeldLately(query, limit));
  }

  @Override
  public BuildList list(BuildFilter filter, long before, int limit) {
    Condition matches = matches(filter).and(SHADOW_INDEX.SEQUENCE.lt(before));
    return transactions.read(
        query ->
            new BuildList(
                BuildRows.newest(query, matches, limit), BuildCounts.count(query, filter)));
  }

  @Override
  public List<Duration> buildTimes(IndexKey key, int limit) {
    return newest(isBuildOf(key).and(SHADOW_INDEX.COMPLETED_AT.isNotNull()), limit).stream()
        .map(build -> Duration.between(build.times().started(), build.times().completed()))
        .toList();
  }

  @Override
  public Optional<IndexEntry> findIndex(IndexKey key, int retained) {
    return transactions.read(query -> IndexSlots.find(query, key, retained));
  }

  @Override
  public Optional<ShadowIndex> previous(IndexKey key) {
    return transactions.read(
        query ->
            query
                .selectFrom(SHADOW_INDEX)
                .where(BuildRows.isRetainedBy(key))
                .andNot(SHADOW_INDEX.LEFT_BY_ROLLBACK)
                .orderBy(SHADOW_INDEX.SWITCHED_AT.desc(), SHADOW_INDEX.SEQUENCE.desc())
                .limit(1)
                .fetchOptional(BuildRows::toShadowIndex));
  }

  @Override
  public List<IndexEntry> listIndexes(
      @Nullable String branchName,
      @Nullable IndexType indexType,
      @Nullable IndexKey after,
      int limit) {
    return transactions.read(query -> IndexSlots.list(query, branchName, indexType, after, limit));
  }

  @Override
  public List<ShadowIndex> expired(Instant now, int keep, int limit) {
    return transactions.read(
        query ->
            query
                .selectFrom(SHADOW_INDEX)
                .where(Retention.mayLoseFiles(now, keep))
                .orderBy(SHADOW_INDEX.RETAIN_UNTIL, SHADOW_INDEX.SEQUENCE)
                .limit(limit)
                .fetch(BuildRows::toShadowIndex));
  }

  @Override
  public boolean markFilesDeleted(UUID id, Instant now, int keep) {
    return transactions.write(
        transaction -> {
          int marked =
              transaction
                  .update(SHADOW_INDEX)
                  .set(SHADOW_INDEX.FILES_DELETED_AT, now)
                  .where(SHADOW_INDEX.SHADOW_INDEX_ID.eq(id))
                  .and(Retention.mayLoseFiles(now, keep))
                  .execute();
          if (marked == 1) {
            ShadowIndex build = Transition.require(transaction, id);
            EventLog.append(
                transaction, List.of(Unnumbered.of(build, BuildEvent.Kind.FILES_DELETED, "", now)));
          }
          return marked == 1;
        });
  }

  private List<ShadowIndex> newest(Condition condition, int limit) {
    return transactions.read(query -> BuildRows.newest(query, condition, limit));
  }

  static Condition matches(BuildFilter filter) {
    Condition condition = noCondition();
    if (filter.branchName() != null) {
      condition = condition.and(SHADOW_INDEX.BRANCH_NAME.eq(filter.branchName()));
    }
    if (filter.indexType() != null) {
      condition = condition.and(SHADOW_INDEX.INDEX_TYPE.eq(filter.indexType().name()));
    }
    if (!filter.states().isEmpty()) {
      condition =
          condition.and(
              SHADOW_INDEX.STATE.in(filter.states().stream().map(BuildState::name).toList()));
    }
    return condition;
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
