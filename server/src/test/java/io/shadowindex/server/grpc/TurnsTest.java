package io.shadowindex.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who runs next when more want to than may. */
final class TurnsTest {

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  @AfterEach
  void endThreads() {
    threads.close();
  }

  @Test
  void connectionsTakeTurnsHoweverManyCallsTheyHave() {
    var turns = new Turns(1);
    var many = new Turns.Line();
    var one = new Turns.Line();
    var two = new Turns.Line();
    var ran = new ConcurrentLinkedQueue<String>();
    turns.take(many);
    run(turns, many, () -> ran.add("many 1"));
    run(turns, many, () -> ran.add("many 2"));
    run(turns, many, () -> ran.add("many 3"));
    run(turns, one, () -> ran.add("one 1"));
    run(turns, two, () -> ran.add("two 1"));
    run(turns, two, () -> ran.add("two 2"));

    turns.pass();

    await().until(() -> ran.size() == 6);
    assertThat(ran).containsExactly("many 1", "one 1", "two 1", "many 2", "two 2", "many 3");
    assertThat(turns.waiting()).isZero();
  }

  @Test
  void asManyRunAsMayAndNoneIsForgotten() throws Exception {
    var turns = new Turns(3);
    var lines = List.of(new Turns.Line(), new Turns.Line(), new Turns.Line(), new Turns.Line());
    var running = new AtomicInteger();
    var most = new AtomicInteger();
    var calls = new ArrayList<Future<?>>();
    for (int i = 0; i < 10_000; i++) {
      Turns.Line line = lines.get(i % 7 % lines.size());
      calls.add(
          threads.submit(
              () -> {
                turns.take(line);
                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                LockSupport.parkNanos(1); // so that others run meanwhile
                running.decrementAndGet();
                turns.pass();
              }));
    }
    for (Future<?> call : calls) {
      call.get();
    }
    assertThat(most).hasValueBetween(1, 3);
    assertThat(turns.waiting()).isZero();
    for (int i = 0; i < 3; i++) {
      turns.take(lines.getFirst()); // would wait for ever had a turn got lost
    }
  }

  /** Has somebody wait for a turn, and returns when it does. */
  private void run(Turns turns, Turns.Line line, Runnable call) {
    int before = turns.waiting();
    threads.execute(
        () -> {
          turns.take(line);
          call.run();
          turns.pass();
        });
    await().until(() -> turns.waiting() == before + 1);
  }
}
