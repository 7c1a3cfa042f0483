package io.shadowindex.client.cli;

import io.shadowindex.client.lucene.LiveIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

/**
 * Threads that search a live index without pause, each search opening the live link anew, and check
 * every answer against the generation that it came from.
 */
final class LiveReaders implements AutoCloseable {
  private static final int FAILURES_KEPT = 5;

  private final Path liveLink;
  private final List<String> words;
  private final Map<Path, ExpectedAnswers> expected = new ConcurrentHashMap<>();
  private final Map<Path, LongAdder> searches = new ConcurrentHashMap<>();
  private final LongAdder failed = new LongAdder();
  private final Queue<String> firstFailures = new ConcurrentLinkedQueue<>();
  private final ExecutorService threads =
      Executors.newCachedThreadPool(Thread.ofPlatform().name("reader-", 1).daemon().factory());
  private final List<Future<?>> running = new ArrayList<>();
  private volatile boolean stopped;

  /**
   * Readers that have not begun.
   *
   * @param words what to search for, in turn; at least one
   */
  LiveReaders(Path liveLink, List<String> words) {
    this.liveLink = liveLink;
    this.words = words;
  }

  /** Allows a generation; must come before it goes live. */
  void expect(ExpectedAnswers answers) {
    searches.put(answers.generation(), new LongAdder());
    expected.put(answers.generation(), answers);
  }

  void start(int readers) {
    for (int i = 0; i < readers; i++) {
      int first = i;
      running.add(threads.submit(() -> searchUntilStopped(first)));
    }
  }

  /** How many searches found what they should, on one generation. */
  long searches(Path generation) {
    LongAdder count = searches.get(generation);
    return count == null ? 0 : count.sum();
  }

  long failed() {
    return failed.sum();
  }

  /** What the first failed searches met, for people. */
  List<String> firstFailures() {
    return firstFailures.stream().limit(FAILURES_KEPT).toList();
  }

  /** Ends the readers and waits for them; a thread that died counts as a failed search. */
  void stop() {
    stopped = true;
    threads.close();
    for (Future<?> reader : running) {
      if (reader.state() == Future.State.FAILED) {
        fail("A reader died: " + reader.exceptionNow());
      }
    }
    running.clear();
  }

  @Override
  public void close() {
    stop();
  }

  private void searchUntilStopped(int firstWord) {
    for (int turn = firstWord; !stopped; turn++) {
      try {
        search(words.get(turn % words.size()));
      } catch (IOException | RuntimeException e) {
        fail(e.toString()); // any exception is a failed search: that is what is counted here
      }
    }
  }

  private void search(String word) throws IOException {
    try (LiveIndex live = LiveIndex.open(liveLink)) {
      ExpectedAnswers right = expected.get(live.generation());
      if (right == null) {
        fail("The live link led to " + live.generation() + ", which was never switched to.");
        return;
      }
      LiveIndex.Hits hits = live.searchWord(word, 1);
      long total = right.hitsOf(word);
      if (live.documents() != right.documents()
          || hits.total() != total
          || hits.paths().stream().allMatch(String::isEmpty)) {
        fail(
            Words.text(
                "'%s' is in %,d of %,d files instead of %,d of %,d.",
                word, hits.total(), live.documents(), total, right.documents()));
        return;
      }
      searches.computeIfAbsent(live.generation(), _ -> new LongAdder()).increment();
    }
  }

  private void fail(String message) {
    failed.increment();
    if (failed.sum() <= FAILURES_KEPT) {
      firstFailures.add(message);
    }
  }
}
