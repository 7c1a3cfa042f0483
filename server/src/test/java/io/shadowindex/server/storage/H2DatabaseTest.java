package io.shadowindex.server.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jooq.DSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The one writer, its group commit, and what happens around its end. */
final class H2DatabaseTest {

  private static final int CONNECTIONS = 16;

  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private Path directory;
  private H2Database database;

  @BeforeEach
  void open(@TempDir Path directory) {
    this.directory = directory;
    this.database = H2Database.open(directory, failures::add);
    database.write(t -> t.execute("create table probe (id integer primary key)"));
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void theQueriesOfOneReadSeeOneMoment() {
    List<Integer> seen =
        database.read(
            query -> {
              int before = query.fetchCount(query.selectFrom("probe"));
              database.write(t -> insert(t, 1));
              return List.of(before, query.fetchCount(query.selectFrom("probe")));
            });

    assertThat(seen).containsExactly(0, 0);
    assertThat(database.<Integer>read(query -> query.fetchCount(query.selectFrom("probe"))))
        .isEqualTo(1);
  }

  @Test
  void readersAreServedInTheOrderInWhichTheyCame() throws Exception {
    var gate = new CountDownLatch(1);
    List<Integer> served = Collections.synchronizedList(new ArrayList<>());
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var entered = new CountDownLatch(CONNECTIONS);
      var leave = new CountDownLatch(1);
      for (int i = 0; i < CONNECTIONS; i++) {
        boolean first = i == 0;
        var _ =
            threads.submit(
                () ->
                    database.read(
                        query -> {
                          entered.countDown();
                          awaitUninterruptibly(first ? gate : leave);
                          return 0;
                        }));
      }
      entered.await();
      for (int i = 0; i < 20; i++) {
        int number = i;
        Thread reader = Thread.ofVirtual().unstarted(() -> database.read(q -> served.add(number)));
        reader.start();
        await().until(() -> reader.getState().name().endsWith("WAITING"));
      }
      gate.countDown();
      await().until(() -> served.size() == 20);
      leave.countDown();
    }
    assertThat(served).isSorted();
  }

  @Test
  void whatOneTransactionThrowsRollsBackItAlone() throws Exception {
    var gate = new CountDownLatch(1);
    try (var threads = Executors.newFixedThreadPool(3)) {
      Future<?> blocker =
          threads.submit(
              () ->
                  database.write(
                      t -> {
                        awaitUninterruptibly(gate);
                        return insert(t, 1);
                      }));
      Future<?> failing =
          threads.submit(
              () ->
                  database.write(
                      t -> {
                        insert(t, 2);
                        throw new IllegalStateException("on purpose");
                      }));
      Future<?> fine = threads.submit(() -> database.write(t -> insert(t, 3)));
      gate.countDown();

      blocker.get();
      fine.get();
      assertThatThrownBy(failing::get).hasRootCauseMessage("on purpose");
    }
    assertThat(ids()).containsExactly(1, 3);
  }

  @Test
  void nothingThatIsThrownLeavesAnybodyWaiting() {
    database.onCommit(
        () -> {
          throw new IllegalStateException("on purpose");
        });

    database.write(t -> insert(t, 1));

    await().until(() -> !failures.isEmpty());
    assertThat(failures.getFirst()).hasMessage("on purpose");
    assertThat(
            catchThrowableOfType(RefusedException.class, () -> database.write(t -> insert(t, 2)))
                .refusal())
        .isInstanceOf(Refusal.OutcomeUnknown.class);
    assertThat(failures).as("told once").hasSize(1);
  }

  @Test
  void transactionsThatWaitTogetherAreMadeDurableTogether() throws Exception {
    var wakeUps = new AtomicInteger();
    var gate = new CountDownLatch(1);
    var entered = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> blocker =
          threads.submit(
              () ->
                  database.write(
                      t -> {
                        entered.countDown();
                        awaitUninterruptibly(gate);
                        return 0;
                      }));
      entered.await();
      database.onCommit(wakeUps::incrementAndGet); // the batches before have told theirs by now
      var waiting = new ArrayList<Future<?>>();
      for (int i = 1; i <= 50; i++) {
        int id = i;
        waiting.add(threads.submit(() -> database.write(t -> insert(t, id))));
      }
      await().until(() -> database.queued() == 50);
      gate.countDown();
      blocker.get();
      for (Future<?> each : waiting) {
        each.get();
      }
    }
    assertThat(ids()).hasSize(50);
    await().untilAtomic(wakeUps, equalTo(2));
  }

  @Test
  void exclusiveWorkWritesAheadOfThoseWhoWait() throws Exception {
    var entered = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<List<Integer>> exclusive =
          threads.submit(
              () ->
                  database
                      .exclusively(
                          () -> {
                            entered.countDown();
                            database.write(t -> insert(t, 1));
                            await().until(() -> database.queued() == 1);
                            database.write(t -> insert(t, 2));
                            return ids();
                          },
                          inAMinute())
                      .orElseThrow());
      entered.await();
      Future<?> other = threads.submit(() -> database.write(t -> insert(t, 3)));

      assertThat(exclusive.get()).containsExactly(1, 2);
      other.get();
    }
    assertThat(ids()).containsExactly(1, 2, 3);
  }

  @Test
  void exclusiveWorkIsNotBegunAfterItsDeadline() throws Exception {
    var gate = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var entered = new CountDownLatch(1);
      Future<?> hanging =
          threads.submit(
              () ->
                  database.write(
                      t -> {
                        entered.countDown();
                        awaitUninterruptibly(gate);
                        return insert(t, 1);
                      }));
      entered.await();

      assertThat(database.exclusively(() -> database.write(t -> insert(t, 2)), System.nanoTime()))
          .isEmpty();

      gate.countDown();
      hanging.get();
    }
    database.write(t -> insert(t, 3));
    assertThat(ids()).containsExactly(1, 3);
  }

  @Test
  void whatExclusiveWorkThrowsReachesItsCallerAndUndoesNothing() {
    assertThatThrownBy(
            () ->
                database.exclusively(
                    () -> {
                      database.write(t -> insert(t, 1));
                      throw new IOException("on purpose");
                    },
                    inAMinute()))
        .isInstanceOf(IOException.class)
        .hasMessage("on purpose");

    database.write(t -> insert(t, 2));
    assertThat(ids()).containsExactly(1, 2);
  }

  @Test
  void aTransactionRefusedInExclusiveWorkIsRolledBackAlone() throws Exception {
    int answer =
        database
            .exclusively(
                () -> {
                  database.write(t -> insert(t, 1));
                  assertThatThrownBy(
                          () ->
                              database.write(
                                  t -> {
                                    insert(t, 2);
                                    throw new IllegalStateException("on purpose");
                                  }))
                      .hasMessage("on purpose");
                  return database.write(t -> insert(t, 3));
                },
                inAMinute())
            .orElseThrow();

    assertThat(answer).isEqualTo(1);
    assertThat(ids()).containsExactly(1, 3);
  }

  @Test
  void anInterruptedCallerNeitherLosesItsTransactionNorHarmsTheDatabase() throws Exception {
    var caller =
        Thread.ofPlatform()
            .start(
                () -> {
                  Thread.currentThread().interrupt();
                  database.write(t -> insert(t, 1));
                });
    caller.join();

    database.write(t -> insert(t, 2));
    assertThat(ids()).containsExactly(1, 2);
    assertThat(failures).isEmpty();
  }

  @Test
  void whatWasWrittenIsThereAfterReopening() {
    database.write(t -> insert(t, 7));
    database.close();

    database = H2Database.open(directory, failures::add);

    assertThat(ids()).containsExactly(7);
  }

  @Test
  void aClosedDatabaseRefusesInsteadOfHanging() {
    database.close();

    assertThat(refusal(() -> database.write(t -> insert(t, 1)))).isEqualTo(new Refusal.Draining());
    assertThat(refusal(this::ids)).isEqualTo(new Refusal.Draining());
  }

  private static Refusal refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    return catchThrowableOfType(RefusedException.class, call).refusal();
  }

  private static long inAMinute() {
    return System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
  }

  private static int insert(DSLContext transaction, int id) {
    return transaction.execute("insert into probe (id) values (?)", id);
  }

  private List<Integer> ids() {
    return database.read(q -> q.fetch("select id from probe order by id").getValues(0, int.class));
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
