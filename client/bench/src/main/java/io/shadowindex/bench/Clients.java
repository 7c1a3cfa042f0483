package io.shadowindex.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/** Clients that work at the same time, each in a thread of its own. */
final class Clients {

  /** What one client does; it records latencies in a histogram of its own. */
  @FunctionalInterface
  interface Work {
    void run(Call call, Histogram latencies) throws Exception;
  }

  private Clients() {}

  /** Lets every client work to its end and answers all latencies; the first failure is thrown. */
  static Histogram run(List<? extends Call> calls, Work work) throws Exception {
    List<Histogram> recorded = calls.stream().map(call -> Sample.histogram()).toList();
    all(
        IntStream.range(0, calls.size())
            .<Callable<Boolean>>mapToObj(
                client ->
                    () -> {
                      work.run(calls.get(client), recorded.get(client));
                      return true;
                    })
            .toList());
    Histogram all = Sample.histogram();
    recorded.forEach(all::add);
    return all;
  }

  /** Runs all at once and waits for the end of each; the first failure is thrown. */
  static <T> List<T> all(List<Callable<T>> tasks) throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var answers = new ArrayList<T>(tasks.size());
      for (Future<T> done : threads.invokeAll(tasks)) {
        answers.add(done.get());
      }
      return answers;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a client failed: " + e.getCause(), e.getCause());
    }
  }
}
