package io.shadowindex.server.storage;

import static io.shadowindex.server.build.BuildState.ACTIVE;
import static io.shadowindex.server.build.BuildState.BUILDING;
import static io.shadowindex.server.build.BuildState.BUILT;
import static io.shadowindex.server.build.BuildState.CANCELLED;
import static io.shadowindex.server.build.BuildState.CLEANUP;
import static io.shadowindex.server.build.BuildState.FAILED;
import static io.shadowindex.server.build.BuildState.PREPARING;
import static io.shadowindex.server.build.BuildState.SWITCHING;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.shadowindex.server.build.AutoSwitch;
import io.shadowindex.server.build.BuildChange;
import io.shadowindex.server.build.BuildEvent;
import io.shadowindex.server.build.BuildMark;
import io.shadowindex.server.build.BuildProgress;
import io.shadowindex.server.build.BuildSpec;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.BuildStore.IndexEntry;
import io.shadowindex.server.build.BuildStore.ProgressUpdate;
import io.shadowindex.server.build.Completion;
import io.shadowindex.server.build.Lifecycle;
import io.shadowindex.server.build.Lifecycle.Row;
import io.shadowindex.server.build.Lifecycle.Trigger;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchPolicy;
import io.shadowindex.server.build.ValidationCheck;
import io.shadowindex.server.build.WorkerPart;
import io.shadowindex.server.index.Generation;
import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.index.SwitchStrategy;
import io.shadowindex.server.lock.Lease;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.switchover.SwitchJournal;
import io.shadowindex.server.switchover.SwitchStore;
import io.shadowindex.server.switchover.SwitchStore.Intention;
import io.shadowindex.server.watch.BuildLog;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What every implementation of the stores has to keep; an empty subclass for each. */
abstract class BuildStoreContract {

  private static final Completion COMPLETION =
      new Completion(10, 100L, 104, 9L, new Completion.Summary(7, 1.5, "{\"a\":1}"), "commit 4711");
  private static final Duration KEEP = Duration.ofHours(1);

  abstract BuildStore builds();

  abstract SwitchStore switches();

  abstract BuildLog log();

  abstract LockStore locks();

  private List<String> lockedResourceTypes(String branch) {
    return locks().list(new LockStore.LockFilter(branch, null, null), 0, 100).stream()
        .flatMap(lease -> lease.name().resourceTypes().stream())
        .toList();
  }

  /** The ids of the locks that an intention met. */
  private static List<UUID> inTheWay(Intention intention) {
    return ((Intention.Blocked) intention).conflicts().leases().stream().map(Lease::id).toList();
  }

  static List<Row> rows() {
    return Lifecycle.rows();
  }

  @Test
  void aNewBuildIsFoundAsItWasCreated() {
    BuildSpec spec =
        new BuildSpec(
            new IndexKey("feature/ü", IndexType.GRAPH_INDEX, "main index"),
            List.of("b", "a"),
            true,
            4,
            List.of("text:fox", "größe"),
            new SwitchPolicy(
                SwitchStrategy.COPY_AND_REPLACE,
                new AutoSwitch(
                    Set.of(ValidationCheck.SIZE_COMPARISON), true, Duration.ofSeconds(7))),
            "indexer",
            "indexer-7",
            Map.of("team", "search", "tier", "1"));

    ShadowIndex created = builds().create(UUID.randomUUID(), spec);

    assertThat(created.spec()).isEqualTo(spec);
    assertThat(created.state()).isEqualTo(PREPARING);
    assertThat(created.attempt()).isEqualTo(1);
    assertThat(created.sequence()).isEqualTo(created.revision()).isPositive();
    assertThat(builds().find(created.id())).contains(created);
    assertThat(builds().find(UUID.randomUUID())).isEmpty();
  }

  @Test
  void aCompletionIsFoundAsItWasStored() {
    ShadowIndex built = inState(BUILT, "main");

    assertThat(built.completion()).isEqualTo(COMPLETION);
    assertThat(built.progress().percent()).isEqualTo(100);
    assertThat(built.indexSizeBytes()).isEqualTo(100);
  }

  @Test
  void aSummaryIsThatOfTheLastAttempt() {
    ShadowIndex first = inState(BUILT, "main");
    switches().intend(first.id(), null, false, "");
    SwitchJournal journal = switches().open().getFirst();
    switches().rolledBack(switches().markRollingBack(journal, "broken"), KEEP);
    builds().apply(first.id(), Precondition.NONE, new BuildChange.Retried());
    builds().apply(first.id(), Precondition.NONE, new BuildChange.Prepared());

    ShadowIndex second =
        builds()
            .apply(
                first.id(),
                Precondition.NONE,
                new BuildChange.Completed(new Completion(10, null, 104, null, null, "")));

    assertThat(Objects.requireNonNull(first.completion()).summary()).isNotNull();
    assertThat(Objects.requireNonNull(second.completion()).summary()).isNull();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void everyRowOfTheTableIsAcceptedAndLogged(Row row) {
    ShadowIndex before = inState(row.from(), "main");

    ShadowIndex after = trigger(row.trigger(), before);

    assertThat(after.state()).isEqualTo(row.to());
    assertThat(after.revision()).isGreaterThan(before.revision());
    List<BuildEvent> events =
        log().ofBuildAfter(before.id(), before.revision(), 10).stream()
            .filter(BuildEvent::isStateChange)
            .toList();
    assertThat(events).hasSize(1);
    assertThat(events.getFirst().previous()).isEqualTo(row.from());
    assertThat(events.getFirst().state()).isEqualTo(row.to());
    assertThat(events.getFirst().revision()).isEqualTo(after.revision());
    assertEveryBuildIsCounted();
  }

  /** What is counted as states change is what counting the builds would have found. */
  private void assertEveryBuildIsCounted() {
    List<ShadowIndex> all =
        builds().list(new BuildFilter(null, null, Set.of()), Long.MAX_VALUE, 1000).builds();
    var filters = new HashSet<>(Set.of(new BuildFilter(null, null, Set.of())));
    for (ShadowIndex build : all) {
      IndexKey key = build.spec().key();
      filters.add(new BuildFilter(key.branchName(), null, Set.of()));
      filters.add(new BuildFilter(key.branchName(), key.indexType(), Set.of(build.state())));
      filters.add(new BuildFilter(null, key.indexType(), Set.of()));
    }
    for (BuildFilter filter : filters) {
      BuildStore.BuildList found = builds().list(filter, Long.MAX_VALUE, 1000);
      assertThat(found.counts())
          .as("%s", filter)
          .isEqualTo(found.builds().stream().collect(groupingBy(ShadowIndex::state, counting())));
    }
  }

  @ParameterizedTest
  @EnumSource(BuildState.class)
  void whatTheTableDoesNotListIsRefusedAndChangesNothing(BuildState state) {
    ShadowIndex before = inState(state, "main");
    for (Trigger trigger : Trigger.values()) {
      if (trigger.sources().contains(state)) {
        continue;
      }
      RefusedException refused =
          catchThrowableOfType(RefusedException.class, () -> trigger(trigger, before));

      assertThat(refused).as("%s while %s", trigger, state).isNotNull();
      assertThat(refused.refusal())
          .isInstanceOfSatisfying(
              Refusal.IllegalTransition.class,
              illegal -> {
                assertThat(illegal.state()).isEqualTo(state.name());
                assertThat(illegal.required())
                    .containsExactlyElementsOf(
                        trigger.sources().stream().map(BuildState::name).toList());
              });
      assertThat(builds().find(before.id())).contains(before);
    }
  }

  @Test
  void anIndexHasOneLiveBuildAtATime() {
    ShadowIndex first = builds().create(UUID.randomUUID(), spec("main"));

    assertThat(refusal(() -> builds().create(UUID.randomUUID(), spec("main"))))
        .isEqualTo(new Refusal.BuildAlreadyExists(first.id(), "PREPARING"));

    trigger(Trigger.CANCEL, first);
    assertThat(builds().create(UUID.randomUUID(), spec("main")).state()).isEqualTo(PREPARING);
  }

  @Test
  void ofManyWhoStartAtOnceOneWins() throws Exception {
    int rivals = 8;
    var barrier = new CyclicBarrier(rivals);
    Callable<Boolean> rival =
        () -> {
          barrier.await();
          try {
            builds().create(UUID.randomUUID(), spec("contested"));
            return true;
          } catch (RefusedException e) {
            assertThat(e.refusal()).isInstanceOf(Refusal.BuildAlreadyExists.class);
            return false;
          }
        };
    try (var threads = Executors.newFixedThreadPool(rivals)) {
      int winners = 0;
      for (Future<Boolean> result :
          threads.invokeAll(IntStream.range(0, rivals).mapToObj(i -> rival).toList())) {
        winners += result.get() ? 1 : 0;
      }
      assertThat(winners).isEqualTo(1);
    }
  }

  @Test
  void aRetryIsRefusedWhileAnotherBuildOfTheIndexIsLive() {
    ShadowIndex failed = inState(FAILED, "main");
    ShadowIndex other = builds().create(UUID.randomUUID(), spec("main"));

    assertThat(refusal(() -> trigger(Trigger.RETRY, failed)))
        .isEqualTo(new Refusal.BuildAlreadyExists(other.id(), "PREPARING"));
    assertThat(builds().find(failed.id())).contains(failed);
  }

  @Test
  void aRetryIsANewAttemptWithANewToken() {
    ShadowIndex failed = inState(FAILED, "main");

    ShadowIndex retried = trigger(Trigger.RETRY, failed);

    assertThat(retried.attempt()).isEqualTo(failed.attempt() + 1);
    assertThat(retried.fencingToken()).isGreaterThan(failed.fencingToken());
    assertThat(retried.errorMessage()).isEmpty();
    assertThat(retried.progress().percent()).isZero();
    assertThat(
            refusal(
                () ->
                    builds()
                        .apply(
                            failed.id(),
                            new Precondition(failed.fencingToken(), null),
                            new BuildChange.Cancelled(""))))
        .isEqualTo(new Refusal.StaleFencingToken(failed.id(), failed.fencingToken()));
  }

  @Test
  void aStaleRevisionIsRefused() {
    ShadowIndex created = builds().create(UUID.randomUUID(), spec("main"));
    ShadowIndex building = trigger(Trigger.DIRECTORY_CREATED, created);

    assertThat(
            refusal(
                () ->
                    builds()
                        .apply(
                            created.id(),
                            new Precondition(null, created.revision()),
                            new BuildChange.Cancelled(""))))
        .isEqualTo(new Refusal.StaleEtag(created.id()));
    assertThat(
            builds()
                .apply(
                    created.id(),
                    new Precondition(building.fencingToken(), building.revision()),
                    new BuildChange.Cancelled("why not"))
                .errorMessage())
        .isEqualTo("why not");
  }

  @Test
  void progressIsStoredOnlyWhileBuildingUnderItsToken() {
    ShadowIndex building = inState(BUILDING, "main");
    ShadowIndex built = inState(BUILT, "other");
    var progress = new BuildProgress(42, 4200, 17, Instant.parse("2026-01-02T03:04:05Z"));
    Map<String, WorkerPart> parts = Map.of("", part(7), "one", part(42));

    builds()
        .saveProgress(
            List.of(
                new ProgressUpdate(building.id(), building.fencingToken(), progress, parts),
                new ProgressUpdate(built.id(), built.fencingToken(), progress, parts)));
    builds()
        .saveProgress(
            List.of(
                new ProgressUpdate(
                    building.id(),
                    building.fencingToken() + 1,
                    new BuildProgress(99, 1, null, null),
                    Map.of("other", part(99)))));

    ShadowIndex after = builds().find(building.id()).orElseThrow();
    assertThat(after.progress()).isEqualTo(progress);
    assertThat(after.revision()).isEqualTo(building.revision());
    assertThat(builds().find(built.id())).contains(built);
    assertThat(builds().parts(building.id(), Instant.EPOCH)).isEqualTo(parts);
    assertThat(builds().parts(built.id(), Instant.EPOCH)).isEmpty();
  }

  @Test
  void partsAreReplacedMarkedAsLostAndForgottenWithTheirToken() {
    ShadowIndex building = inState(BUILDING, "main");
    save(building, Map.of("one", part(1), "two", part(2)));
    save(building, Map.of("two", part(3)));
    var none = Precondition.NONE;

    builds().mark(building.id(), none, new BuildMark.Stalled(List.of("two"), "silent"));
    assertThat(builds().parts(building.id(), Instant.EPOCH))
        .isEqualTo(Map.of("one", part(1), "two", part(3, true)));
    save(building, Map.of("two", part(4)));
    assertThat(builds().parts(building.id(), Instant.EPOCH))
        .isEqualTo(Map.of("one", part(1), "two", part(4)));

    ShadowIndex claimed = builds().mark(building.id(), none, new BuildMark.Claimed("", true));
    assertThat(builds().parts(building.id(), Instant.EPOCH)).isEmpty();
    save(claimed, Map.of("one", part(1)));
    builds().apply(building.id(), none, new BuildChange.Failed("failed", Duration.ZERO));
    assertThat(builds().parts(building.id(), Instant.EPOCH)).isEmpty();
    save(claimed, Map.of("one", part(1)));
    assertThat(builds().parts(building.id(), Instant.EPOCH)).isEmpty();
  }

  private void save(ShadowIndex build, Map<String, WorkerPart> parts) {
    builds()
        .saveProgress(
            List.of(new ProgressUpdate(build.id(), build.fencingToken(), build.progress(), parts)));
  }

  private static WorkerPart part(int percent) {
    return part(percent, false);
  }

  private static WorkerPart part(int percent, boolean lost) {
    Instant doneAt = percent % 2 == 0 ? null : Instant.parse("2026-01-02T03:04:05Z");
    return new WorkerPart(percent, percent / 100.0, percent, 3, doneAt, Instant.EPOCH, lost);
  }

  @Test
  void buildsAreListedNewestFirstFilteredAndCounted() {
    ShadowIndex one = inState(BUILDING, "one");
    ShadowIndex two = inState(BUILT, "two");
    ShadowIndex three = inState(BUILDING, "three");
    var everything = new BuildFilter(null, null, Set.of());

    assertThat(builds().list(everything, Long.MAX_VALUE, 10).builds())
        .extracting(ShadowIndex::id)
        .containsExactly(three.id(), two.id(), one.id());
    assertThat(builds().list(everything, three.sequence(), 1).builds())
        .extracting(ShadowIndex::id)
        .containsExactly(two.id());
    assertThat(builds().list(new BuildFilter("one", null, Set.of()), Long.MAX_VALUE, 10).builds())
        .extracting(ShadowIndex::id)
        .containsExactly(one.id());
    assertThat(
            builds()
                .list(new BuildFilter(null, IndexType.GRAPH_INDEX, Set.of()), Long.MAX_VALUE, 10)
                .builds())
        .isEmpty();
    assertThat(builds().list(everything, Long.MAX_VALUE, 1).counts())
        .isEqualTo(Map.of(BUILDING, 2L, BUILT, 1L));
    assertThat(
            builds().list(new BuildFilter(null, null, Set.of(BUILT)), Long.MAX_VALUE, 10).counts())
        .isEqualTo(Map.of(BUILT, 1L));
    assertThat(builds().list(new BuildFilter("one", null, Set.of()), Long.MAX_VALUE, 1).counts())
        .isEqualTo(Map.of(BUILDING, 1L));
  }

  @Test
  void anIndexKnowsItsActiveItsLiveAndItsRetainedBuilds() {
    ShadowIndex old = inState(ACTIVE, "main");
    ShadowIndex active = inState(ACTIVE, "main");
    ShadowIndex live = inState(BUILDING, "main");
    inState(BUILDING, "other");
    IndexKey key = spec("main").key();

    ShadowIndex retained = builds().find(old.id()).orElseThrow();

    assertThat(builds().findIndex(key, 10))
        .contains(new IndexEntry(key, active, live, List.of(retained)));
    assertThat(builds().findIndex(key, 0)).contains(new IndexEntry(key, active, live, List.of()));
    assertThat(builds().listIndexes(null, null, null, 10))
        .extracting(entry -> entry.key().branchName())
        .containsExactly("main", "other");
    assertThat(builds().listIndexes(null, null, key, 10))
        .extracting(entry -> entry.key().branchName())
        .containsExactly("other");
    assertThat(builds().findIndex(spec("nowhere").key(), 10)).isEmpty();
    assertThat(builds().buildTimes(key, 5)).hasSize(2);
  }

  @Test
  void filesMayGoWhenTheirTimeIsUpAndNotBefore() {
    ShadowIndex failed = inState(FAILED, "failed");
    ShadowIndex active = inState(ACTIVE, "active");
    Instant before = Instant.now();
    Instant after = before.plus(KEEP).plusSeconds(60);

    assertThat(builds().expired(before, 0, 10)).isEmpty();
    assertThat(builds().markFilesDeleted(failed.id(), before, 0)).isFalse();
    assertThat(builds().expired(after, 0, 10))
        .extracting(ShadowIndex::id)
        .containsExactly(failed.id());
    assertThat(builds().markFilesDeleted(active.id(), after, 0)).isFalse();
    assertThat(builds().markFilesDeleted(failed.id(), after, 0)).isTrue();
    assertThat(builds().markFilesDeleted(failed.id(), after, 0)).isFalse();
    assertThat(builds().expired(after, 0, 10)).isEmpty();
  }

  @Test
  void theLastBackupsOfAnIndexAreKeptHoweverOldTheyAre() {
    List<ShadowIndex> generations = Stream.generate(() -> switched("main")).limit(4).toList();
    Instant after = Instant.now().plus(KEEP).plusSeconds(60);

    assertThat(ids(builds().expired(after, 2, 10))).containsExactly(generations.get(0).id());
    assertThat(ids(builds().expired(after, 0, 10)))
        .containsExactly(generations.get(0).id(), generations.get(1).id(), generations.get(2).id());
    assertThat(builds().markFilesDeleted(generations.get(1).id(), after, 2)).isFalse();
    assertThat(builds().markFilesDeleted(generations.get(0).id(), after, 2)).isTrue();
    assertThat(builds().expired(after, 2, 10)).isEmpty();
  }

  @Test
  void aGenerationThatIsBeingRolledBackToKeepsItsFiles() {
    ShadowIndex first = switched("main");
    switched("main");
    Instant after = Instant.now().plus(KEEP).plusSeconds(60);
    var journal = ((Intention.Granted) switches().intendRollback(first.id(), null)).journal();

    assertThat(builds().expired(after, 0, 10)).isEmpty();
    assertThat(builds().markFilesDeleted(first.id(), after, 0)).isFalse();
    switches().abort(journal, "");
    assertThat(builds().markFilesDeleted(first.id(), after, 0)).isTrue();
    assertThat(refusal(() -> switches().intendRollback(first.id(), null)))
        .isEqualTo(new Refusal.GenerationNotRetained(first.id()));
  }

  @Test
  void aRollbackReplacesTheActiveGenerationAndKeepsIt() {
    ShadowIndex first = switched("main");
    ShadowIndex second = switched("main");

    trigger(Trigger.REINSTATED, first);

    assertThat(find(first.id()).times().retainUntil()).isNull();
    assertThat(find(second.id()).state()).isEqualTo(CLEANUP);
    var index = builds().findIndex(first.spec().key(), 10).orElseThrow();
    assertThat(index.active()).isEqualTo(find(first.id()));
    assertThat(ids(index.retained())).containsExactly(second.id());
    assertThat(switches().open()).isEmpty();
    assertThat(lockedResourceTypes("main")).isEmpty();
  }

  @Test
  void changesOfOneIndexBlockEachOtherWhateverTheirResourceTypes() {
    ShadowIndex first = inState(CLEANUP, "main", "default", List.of("a"));
    ShadowIndex built = inState(BUILT, "main", "default", List.of("b"));
    intend(built);

    assertThat(inTheWay(switches().intendRollback(first.id(), null))).containsExactly(built.id());
  }

  @Test
  void aRemovedIndexIsNotListedAndItsGenerationsAreKeptForAWhile() {
    ShadowIndex first = switched("main");
    ShadowIndex second = switched("main");
    IndexKey key = first.spec().key();

    var journal = ((Intention.Granted) switches().intendRemoval(key)).journal();
    assertThat(journal.target()).isNull();
    switches().commit(journal, KEEP, "");

    assertThat(builds().findIndex(key, 10)).isEmpty();
    assertThat(find(second.id()).state()).isEqualTo(CLEANUP);
    Instant after = Instant.now().plus(KEEP).plusSeconds(60);
    assertThat(ids(builds().expired(after, 2, 10))).containsExactly(first.id(), second.id());
    assertThat(builds().expired(Instant.now(), 2, 10)).isEmpty();
    assertThat(refusal(() -> switches().intendRemoval(key)))
        .isInstanceOf(Refusal.IndexNotFound.class);

    trigger(Trigger.REINSTATED, second);
    assertThat(builds().findIndex(key, 10).orElseThrow().active()).isEqualTo(find(second.id()));
  }

  @Test
  void anIndexWithABuildUnderWayIsNotRemoved() {
    ShadowIndex active = switched("main");
    ShadowIndex live = inState(BUILDING, "main");
    IndexKey key = live.spec().key();

    assertThat(refusal(() -> switches().intendRemoval(key)))
        .isEqualTo(new Refusal.IndexHasLiveBuild(live.id(), "BUILDING"));
    assertThat(refusal(() -> switches().forget(key)))
        .isEqualTo(new Refusal.IndexHasLiveBuild(live.id(), "BUILDING"));
    trigger(Trigger.CANCEL, live);
    assertThat(switches().forget(key)).isFalse();
    assertThat(find(active.id()).state()).isEqualTo(ACTIVE);
  }

  @Test
  void anIndexThatNeverWentLiveIsForgotten() {
    ShadowIndex build = inState(CANCELLED, "main");

    assertThat(switches().forget(build.spec().key())).isTrue();
    assertThat(builds().findIndex(build.spec().key(), 10)).isEmpty();
  }

  @Test
  void aSwitchHoldsTheLocksOfItsResourceTypesUntilItEnds() {
    ShadowIndex built = inState(BUILT, "main");
    assertThat(lockedResourceTypes("main")).isEmpty();

    SwitchJournal journal = intend(built);

    assertThat(lockedResourceTypes("main")).containsExactly("link_type", "object_type");
    assertThat(switches().open()).containsExactly(journal);
    switches().abort(journal, "just trying");
    assertThat(lockedResourceTypes("main")).isEmpty();
    assertThat(switches().open()).isEmpty();
  }

  @Test
  void aSwitchIsBlockedByAnotherThatSharesAResourceType() {
    ShadowIndex holder = inState(BUILT, "main");
    ShadowIndex rival = inState(BUILT, "main", "second", List.of("object_type"));
    ShadowIndex stranger = inState(BUILT, "main", "third", List.of("action_type"));
    SwitchJournal journal = intend(holder);

    assertThat(inTheWay(switches().intend(rival.id(), null, true, "")))
        .containsExactly(holder.id());
    assertThat(builds().find(rival.id())).contains(rival);
    assertThat(switches().intend(stranger.id(), null, true, ""))
        .isInstanceOf(Intention.Granted.class);

    switches().commit(journal, KEEP, "");
    assertThat(switches().intend(rival.id(), null, true, "")).isInstanceOf(Intention.Granted.class);
  }

  @Test
  void aRollbackIsRememberedFromItsFirstStepOn() {
    ShadowIndex built = inState(BUILT, "main");
    SwitchJournal marked = switches().markRollingBack(intend(built), "a file is missing");

    assertThat(marked.step()).isEqualTo(SwitchJournal.Step.ROLLING_BACK);
    assertThat(switches().open()).containsExactly(marked);
    switches().rolledBack(marked, KEEP);
    ShadowIndex failed = find(built.id());
    assertThat(failed.state()).isEqualTo(FAILED);
    assertThat(failed.errorMessage()).isEqualTo("a file is missing");
  }

  @Test
  void revisionsAreGaplessAndUniqueUnderManyWriters() throws Exception {
    int writers = 8;
    int each = 20;
    long before = log().newestRevision();
    try (var threads = Executors.newFixedThreadPool(writers)) {
      var results = new ArrayList<Future<?>>();
      for (int w = 0; w < writers; w++) {
        String branch = "writer-" + w;
        results.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < each; i++) {
                    trigger(Trigger.CANCEL, builds().create(UUID.randomUUID(), spec(branch)));
                  }
                }));
      }
      for (Future<?> result : results) {
        result.get();
      }
    }

    List<BuildEvent> events = log().after(before, Integer.MAX_VALUE);
    assertThat(events)
        .extracting(BuildEvent::revision)
        .containsExactlyElementsOf(
            LongStream.rangeClosed(before + 1, before + 2L * writers * each).boxed().toList());
    assertThat(new HashSet<>(events)).hasSameSizeAs(events);
    assertEveryBuildIsCounted();
  }

  private ShadowIndex inState(BuildState state, String branch) {
    return inState(state, branch, IndexKey.DEFAULT_NAME, List.of("object_type", "link_type"));
  }

  /** A build brought to that state along the table. */
  private ShadowIndex inState(
      BuildState state, String branch, String name, List<String> resourceTypes) {
    ShadowIndex preparing = builds().create(UUID.randomUUID(), spec(branch, name, resourceTypes));
    return switch (state) {
      case PREPARING -> preparing;
      case BUILDING -> trigger(Trigger.DIRECTORY_CREATED, preparing);
      case BUILT -> trigger(Trigger.COMPLETE, trigger(Trigger.DIRECTORY_CREATED, preparing));
      case SWITCHING -> {
        trigger(Trigger.DIRECTORY_CREATED, preparing);
        trigger(Trigger.COMPLETE, preparing);
        yield trigger(Trigger.SWITCH, preparing);
      }
      case ACTIVE -> {
        trigger(Trigger.DIRECTORY_CREATED, preparing);
        trigger(Trigger.COMPLETE, preparing);
        trigger(Trigger.SWITCH, preparing);
        yield trigger(Trigger.SWITCHED, preparing);
      }
      case CLEANUP -> {
        trigger(Trigger.DIRECTORY_CREATED, preparing);
        trigger(Trigger.COMPLETE, preparing);
        trigger(Trigger.SWITCH, preparing);
        trigger(Trigger.SWITCHED, preparing);
        yield trigger(Trigger.SUPERSEDED, preparing);
      }
      case FAILED -> trigger(Trigger.FAIL, preparing);
      case CANCELLED -> trigger(Trigger.CANCEL, preparing);
    };
  }

  /** Does to a build what the trigger says, and answers the build afterwards. */
  private ShadowIndex trigger(Trigger trigger, ShadowIndex build) {
    UUID id = build.id();
    return switch (trigger) {
      case DIRECTORY_CREATED -> apply(id, new BuildChange.Prepared());
      case COMPLETE -> apply(id, new BuildChange.Completed(COMPLETION));
      case FAIL -> apply(id, new BuildChange.Failed("broken", KEEP));
      case RETRY -> apply(id, new BuildChange.Retried());
      case CANCEL -> apply(id, new BuildChange.Cancelled("given up"));
      case SWITCH -> {
        assertThat(switches().intend(id, null, true, "")).isInstanceOf(Intention.Granted.class);
        yield find(id);
      }
      case SWITCHED -> {
        switches().commit(journal(build), KEEP, "");
        yield find(id);
      }
      case SWITCH_ABORTED -> {
        switches().abort(journal(build), "aborted");
        yield find(id);
      }
      case ROLLED_BACK -> {
        switches().rolledBack(journal(build), KEEP);
        yield find(id);
      }
      case SUPERSEDED -> supersede(build);
      case REINSTATED -> {
        Intention intention = switches().intendRollback(id, null);
        switches().commit(((Intention.Granted) intention).journal(), KEEP, "");
        yield find(id);
      }
      case REMOVED -> {
        switches().commit(journal(SwitchJournal.Kind.REMOVAL, build, build.generation()), KEEP, "");
        yield find(id);
      }
    };
  }

  /** Switches the build's index to another one, naming the build as the old generation. */
  private ShadowIndex supersede(ShadowIndex build) {
    BuildSpec spec = build.spec();
    ShadowIndex successor =
        inState(BUILT, "successor", UUID.randomUUID().toString(), List.of("successor_type"));
    intend(successor);
    switches()
        .commit(
            new SwitchJournal(
                SwitchJournal.Kind.SWITCH,
                successor.generation(),
                build.generation(),
                spec.key(),
                SwitchJournal.Step.INTENDED,
                true,
                ""),
            KEEP,
            "");
    return find(build.id());
  }

  /** A generation that is live, and replaces the one before. */
  private ShadowIndex switched(String branch) {
    ShadowIndex built = inState(BUILT, branch);
    switches().commit(intend(built), KEEP, "");
    return find(built.id());
  }

  private static List<UUID> ids(List<ShadowIndex> found) {
    return found.stream().map(ShadowIndex::id).toList();
  }

  private ShadowIndex find(UUID id) {
    return builds().find(id).orElseThrow();
  }

  /** The open journal of a build; one as it would be when there is none. */
  private SwitchJournal journal(ShadowIndex build) {
    return switches().open().stream()
        .filter(open -> open.generationId().equals(build.id()))
        .findFirst()
        .orElse(journal(SwitchJournal.Kind.SWITCH, build, null));
  }

  private static SwitchJournal journal(
      SwitchJournal.Kind kind, ShadowIndex build, @Nullable Generation old) {
    return new SwitchJournal(
        kind, build.generation(), old, build.spec().key(), SwitchJournal.Step.INTENDED, true, "");
  }

  private SwitchJournal intend(ShadowIndex built) {
    return ((Intention.Granted) switches().intend(built.id(), null, true, "")).journal();
  }

  private ShadowIndex apply(UUID id, BuildChange change) {
    return builds().apply(id, Precondition.NONE, change);
  }

  private static Refusal refusal(Callable<?> call) {
    RefusedException refused = catchThrowableOfType(RefusedException.class, call::call);
    return Objects.requireNonNull(refused, "nothing was refused").refusal();
  }

  private static BuildSpec spec(String branch) {
    return spec(branch, IndexKey.DEFAULT_NAME, List.of("object_type", "link_type"));
  }

  private static BuildSpec spec(String branch, String name, List<String> resourceTypes) {
    return new BuildSpec(
        new IndexKey(branch, IndexType.SEARCH_INDEX, name),
        resourceTypes,
        false,
        0,
        List.of(),
        SwitchPolicy.DEFAULT,
        "",
        "",
        Map.of());
  }
}
