package io.shadowindex.server.storage;

import static io.shadowindex.server.storage.schema.tables.BuildEvent.BUILD_EVENT;
import static io.shadowindex.server.storage.schema.tables.Counter.COUNTER;
import static io.shadowindex.server.storage.schema.tables.ShadowIndex.SHADOW_INDEX;
import static org.jooq.impl.DSL.insertInto;
import static org.jooq.impl.DSL.min;
import static org.jooq.impl.DSL.update;

import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildEvent.Kind;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.watch.BuildLog;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Record2;
import org.jspecify.annotations.Nullable;

/** The log of events, with the counters that number them. */
final class EventLog implements BuildLog {

  private final Transactions transactions;

  EventLog(Transactions transactions) {
    this.transactions = transactions;
  }

  /** An event that has no number yet. */
  record Unnumbered(
      UUID buildId,
      Kind kind,
      @Nullable BuildState previous,
      BuildState state,
      int attempt,
      String message,
      List<String> workers,
      Instant occurredAt) {

    /** A change of state. */
    Unnumbered(
        UUID buildId,
        @Nullable BuildState previous,
        BuildState state,
        int attempt,
        String message,
        Instant occurredAt) {
      this(buildId, Kind.STATE_CHANGED, previous, state, attempt, message, List.of(), occurredAt);
    }

    /** Something that leaves the state as it is. */
    static Unnumbered of(ShadowIndex build, Kind kind, String message, Instant occurredAt) {
      return of(build, kind, message, List.of(), occurredAt);
    }

    static Unnumbered of(
        ShadowIndex build, Kind kind, String message, List<String> workers, Instant occurredAt) {
      return new Unnumbered(
          build.id(),
          kind,
          build.state(),
          build.state(),
          build.attempt(),
          message,
          workers,
          occurredAt);
    }

    /** A step that came before this change of state. */
    Unnumbered before(Kind step, Instant now) {
      if (previous == null) {
        throw new IllegalStateException("nothing comes before the beginning of a build");
      }
      return new Unnumbered(buildId, step, previous, previous, attempt, "", List.of(), now);
    }

    private boolean becomesBuilt() {
      return kind == Kind.STATE_CHANGED && state == BuildState.BUILT;
    }

    private Unnumbered ready() {
      return new Unnumbered(
          buildId, Kind.READY_FOR_SWITCH, state, state, attempt, "", List.of(), occurredAt);
    }
  }

  /** Events with their numbers, in commit order and without a gap: the first one has that. */
  record Numbered(long first, List<Unnumbered> events) {

    /** The revision that a build has from then on; null where they leave it as it is. */
    @Nullable Long revisionOf(UUID buildId) {
      Long newest = null;
      for (int i = 0; i < events.size(); i++) {
        if (events.get(i).kind().changesBuild() && events.get(i).buildId().equals(buildId)) {
          newest = first + i;
        }
      }
      return newest;
    }
  }

  /** Appends events and gives the builds that they change the new revisions. */
  static void append(DSLContext transaction, List<Unnumbered> told) {
    Numbered events = number(transaction, told);
    write(transaction, events);
    events.events().stream()
        .map(Unnumbered::buildId)
        .distinct()
        .forEach(id -> setRevision(transaction, id, events.revisionOf(id)));
  }

  /**
   * Numbers events, for whoever writes the revisions of builds together with what has changed, and
   * the events after that. The row of the counter stays locked until the commit, which is what
   * makes revisions commit-ordered on any database.
   */
  static Numbered number(DSLContext transaction, List<Unnumbered> told) {
    List<Unnumbered> events = withReadiness(told);
    return new Numbered(nextRevision(transaction, events.size()), events);
  }

  /** Writes events of builds that are written already. */
  static void write(DSLContext transaction, Numbered events) {
    long revision = events.first();
    for (Unnumbered event : events.events()) {
      INSERT.execute(transaction, new Row(revision, event));
      if (event.kind().changesBuild()) {
        Effects.record(transaction, event.buildId(), revision, event.occurredAt());
      }
      revision++;
    }
  }

  /** Whatever makes a build BUILT makes it ready for a switch. */
  private static List<Unnumbered> withReadiness(List<Unnumbered> told) {
    if (told.stream().noneMatch(Unnumbered::becomesBuilt)) {
      return told;
    }
    var events = new ArrayList<Unnumbered>();
    for (Unnumbered event : told) {
      events.add(event);
      if (event.becomesBuilt()) {
        events.add(event.ready());
      }
    }
    return events;
  }

  private record Row(long revision, Unnumbered event) {}

  private static final Kept<Row> INSERT =
      new Kept<>(
          value ->
              insertInto(BUILD_EVENT)
                  .set(BUILD_EVENT.REVISION, value.of(BUILD_EVENT.REVISION, Row::revision))
                  .set(
                      BUILD_EVENT.SHADOW_INDEX_ID,
                      value.of(BUILD_EVENT.SHADOW_INDEX_ID, row -> row.event().buildId()))
                  .set(
                      BUILD_EVENT.KIND,
                      value.of(BUILD_EVENT.KIND, row -> row.event().kind().name()))
                  .set(
                      BUILD_EVENT.PREVIOUS_STATE,
                      value.of(BUILD_EVENT.PREVIOUS_STATE, row -> name(row.event().previous())))
                  .set(
                      BUILD_EVENT.STATE,
                      value.of(BUILD_EVENT.STATE, row -> row.event().state().name()))
                  .set(
                      BUILD_EVENT.ATTEMPT,
                      value.of(BUILD_EVENT.ATTEMPT, row -> row.event().attempt()))
                  .set(
                      BUILD_EVENT.MESSAGE,
                      value.of(BUILD_EVENT.MESSAGE, row -> row.event().message()))
                  .set(
                      BUILD_EVENT.WORKERS,
                      value.of(BUILD_EVENT.WORKERS, row -> workers(row.event())))
                  .set(
                      BUILD_EVENT.OCCURRED_AT,
                      value.of(BUILD_EVENT.OCCURRED_AT, row -> row.event().occurredAt())));

  private static String @Nullable [] workers(Unnumbered event) {
    return event.workers().isEmpty() ? null : event.workers().toArray(String[]::new);
  }

  private record Revised(UUID buildId, long revision) {}

  private static final Kept<Revised> REVISE =
      new Kept<>(
          value ->
              update(SHADOW_INDEX)
                  .set(SHADOW_INDEX.REVISION, value.of(SHADOW_INDEX.REVISION, Revised::revision))
                  .where(
                      SHADOW_INDEX.SHADOW_INDEX_ID.eq(
                          value.of(SHADOW_INDEX.SHADOW_INDEX_ID, Revised::buildId))));

  private static void setRevision(DSLContext transaction, UUID id, @Nullable Long revision) {
    if (revision != null) {
      var _ = REVISE.execute(transaction, new Revised(id, revision));
    }
  }

  private static final Kept<Integer> COUNT =
      new Kept<>(
          value ->
              update(COUNTER)
                  .set(
                      COUNTER.REVISION,
                      COUNTER.REVISION.plus(value.of(COUNTER.REVISION, Integer::longValue)))
                  .returning(COUNTER.REVISION),
          COUNTER.REVISION);

  /** Takes so many revisions and answers the first one. */
  private static long nextRevision(DSLContext transaction, int count) {
    return next(COUNT, transaction, count, COUNTER.REVISION) - count + 1;
  }

  private static final Kept<Integer> COUNT_TOKEN =
      new Kept<>(
          value ->
              update(COUNTER)
                  .set(
                      COUNTER.FENCING_TOKEN,
                      COUNTER.FENCING_TOKEN.plus(
                          value.of(COUNTER.FENCING_TOKEN, Integer::longValue)))
                  .returning(COUNTER.FENCING_TOKEN),
          COUNTER.FENCING_TOKEN);

  /** The next fencing token; never given out before. */
  static long nextFencingToken(DSLContext transaction) {
    return next(COUNT_TOKEN, transaction, 1, COUNTER.FENCING_TOKEN);
  }

  private static long next(
      Kept<Integer> counted, DSLContext transaction, int count, Field<Long> counter) {
    return counted.fetch(transaction, count).orElseThrow().get(counter);
  }

  /** The fencing token that was given out last. */
  static long lastFencingToken(DSLContext transaction) {
    return transaction.select(COUNTER.FENCING_TOKEN).from(COUNTER).fetchSingle().value1();
  }

  @Override
  public long newestRevision() {
    return transactions.read(EventLog::newest);
  }

  private static long newest(DSLContext query) {
    return query.select(COUNTER.REVISION).from(COUNTER).fetchSingle().value1();
  }

  /** The revision of the oldest event that is kept, or of the next one when none is. */
  private static long oldest(DSLContext query) {
    Long oldest = query.select(min(BUILD_EVENT.REVISION)).from(BUILD_EVENT).fetchSingle().value1();
    return oldest == null ? newest(query) + 1 : oldest;
  }

  @Override
  public void requireHas(long revision) {
    transactions.read(
        query -> {
          long newest = newest(query);
          if (revision > newest) {
            throw new Refusal.RevisionOutOfRange(revision, oldest(query), newest).exception();
          }
          return refuseCompacted(query, revision);
        });
  }

  private static boolean refuseCompacted(DSLContext query, long revision) {
    long oldest = oldest(query);
    if (revision < oldest - 1) {
      throw new Refusal.RevisionOutOfRange(revision, oldest, newest(query)).exception();
    }
    return true; // a query answers something; there is nothing to say
  }

  @Override
  public Seen find(UUID buildId) {
    return transactions.read(
        query -> new Seen(List.of(Transition.require(query, buildId)), newest(query)));
  }

  @Override
  public Seen list(BuildScope scope, long afterSequence, int limit) {
    return transactions.read(
        query ->
            new Seen(
                query
                    .selectFrom(SHADOW_INDEX)
                    .where(JooqBuildStore.matches(scope.filter()))
                    .and(SHADOW_INDEX.SEQUENCE.gt(afterSequence))
                    .orderBy(SHADOW_INDEX.SEQUENCE)
                    .limit(limit)
                    .fetch(BuildRows::toShadowIndex),
                newest(query)));
  }

  @Override
  public List<BuildEvent> after(long revision, int limit) {
    return select(revision, BUILD_EVENT.REVISION.gt(revision), limit);
  }

  @Override
  public List<BuildEvent> ofBuildAfter(UUID buildId, long revision, int limit) {
    return select(
        revision,
        BUILD_EVENT.SHADOW_INDEX_ID.eq(buildId).and(BUILD_EVENT.REVISION.gt(revision)),
        limit);
  }

  private List<BuildEvent> select(long revision, Condition condition, int limit) {
    return transactions.read(
        query -> {
          List<BuildEvent> events =
              query
                  .select(BUILD_EVENT.fields())
                  .select(
                      SHADOW_INDEX.SEQUENCE,
                      SHADOW_INDEX.BRANCH_NAME,
                      SHADOW_INDEX.INDEX_TYPE,
                      SHADOW_INDEX.INDEX_NAME,
                      SHADOW_INDEX.LABELS)
                  .from(BUILD_EVENT)
                  .join(SHADOW_INDEX)
                  .on(SHADOW_INDEX.SHADOW_INDEX_ID.eq(BUILD_EVENT.SHADOW_INDEX_ID))
                  .where(condition)
                  .orderBy(BUILD_EVENT.REVISION)
                  .limit(limit)
                  .fetch(EventLog::toEvent);
          if (events.isEmpty() || events.getFirst().revision() != revision + 1) {
            refuseCompacted(query, revision);
          }
          return events;
        });
  }

  @Override
  public int compact(long keep, Instant keepSince, int limit) {
    long last = transactions.read(query -> lastToForget(query, keep, keepSince, limit));
    if (last < transactions.read(EventLog::oldest)) {
      return 0;
    }
    return transactions.write(
        transaction ->
            transaction.deleteFrom(BUILD_EVENT).where(BUILD_EVENT.REVISION.le(last)).execute());
  }

  /** Looks at no more events than are forgotten at once, however many are too old. */
  private static long lastToForget(DSLContext query, long keep, Instant keepSince, int limit) {
    long endOfPage = oldest(query) + limit - 1;
    long tooMany = newest(query) - keep;
    if (tooMany >= endOfPage) {
      return endOfPage;
    }
    long tooOld =
        query
            .select(BUILD_EVENT.REVISION, BUILD_EVENT.OCCURRED_AT)
            .from(BUILD_EVENT)
            .where(BUILD_EVENT.REVISION.le(endOfPage))
            .fetch()
            .stream()
            .filter(event -> event.value2().isBefore(keepSince))
            .mapToLong(Record2::value1)
            .max()
            .orElse(0);
    return Math.max(tooMany, tooOld);
  }

  private static BuildEvent toEvent(Record row) {
    String previous = row.get(BUILD_EVENT.PREVIOUS_STATE);
    String[] workers = row.get(BUILD_EVENT.WORKERS);
    String labels = row.get(SHADOW_INDEX.LABELS);
    return new BuildEvent(
        row.get(BUILD_EVENT.REVISION),
        new BuildEvent.Build(
            row.get(BUILD_EVENT.SHADOW_INDEX_ID),
            row.get(SHADOW_INDEX.SEQUENCE),
            BuildRows.toKey(row),
            labels.equals("{}") ? Map.of() : BuildRows.labels(labels)),
        Kind.valueOf(row.get(BUILD_EVENT.KIND)),
        previous == null ? null : BuildState.valueOf(previous),
        BuildState.valueOf(row.get(BUILD_EVENT.STATE)),
        row.get(BUILD_EVENT.ATTEMPT),
        row.get(BUILD_EVENT.MESSAGE),
        workers == null ? List.of() : List.of(workers),
        row.get(BUILD_EVENT.OCCURRED_AT));
  }

  private static @Nullable String name(@Nullable BuildState state) {
    return state == null ? null : state.name();
  }
}
