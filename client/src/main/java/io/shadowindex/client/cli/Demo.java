package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.lucene.LiveIndex;
import io.shadowindex.client.lucene.LuceneWorker;
import io.shadowindex.client.lucene.SourceFiles;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.Index;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The demo: generation 1 from nine tenths of the files, then readers without pause while generation
 * 2 is built from all of them, watched over WatchBuild, and switched to. The index is called {@code
 * demo}, so that the demo never replaces one that somebody works with.
 */
final class Demo {
  /** With fewer, generation 1 would be empty. */
  static final int FEWEST_FILES = 2;

  private static final String BRANCH = "main";
  private static final String NAME = "demo";
  private static final IndexType.Enum TYPE = IndexType.Enum.SEARCH_INDEX;
  private static final int ONE_LEFT_OUT_OF = 10;
  private static final int WORDS = 8;

  /** How long readers go on after the second switch, to be seen on generation 2. */
  private static final Duration AFTERMATH = Duration.ofSeconds(1);

  private final ShadowCtl ctl;
  private final ShadowIndexClient client;
  private final SourceFiles source;
  private final LuceneWorker firstWorker;
  private final LuceneWorker secondWorker;
  private final int readerCount;

  Demo(
      ShadowCtl ctl,
      ShadowIndexClient client,
      SourceFiles source,
      int indexingThreads,
      int readerCount) {
    this.ctl = ctl;
    this.client = client;
    this.source = source;
    this.firstWorker = new LuceneWorker(client, indexingThreads);
    this.secondWorker = new LuceneWorker(client, indexingThreads);
    this.readerCount = readerCount;
  }

  DemoSummary run() throws IOException, InterruptedException {
    long begun = System.nanoTime();
    ShadowIndex built = buildFirst();
    SwitchIndexResponse firstSwitch = switchTo(built);
    Index before = live();
    List<String> words = wordsOf(built);
    ctl.print("");
    ctl.print(
        "Generation 2: all %,d files, while %d readers search the live index without pause for: %s",
        source.files().size(), readerCount, String.join(", ", words));
    try (LiveReaders readers = new LiveReaders(Path.of(before.getCurrentIndexPath()), words)) {
      readers.expect(ExpectedAnswers.of(built, words));
      readers.start(readerCount);
      SwitchIndexResponse secondSwitch = rebuildBelow(readers, words);
      Thread.sleep(AFTERMATH);
      readers.stop();
      Index after = live();
      return new DemoSummary(
          source.files().size(),
          firstSwitch,
          secondSwitch,
          before.getActiveGeneration(),
          after.getActiveGeneration(),
          readers.searches(directoryOf(before.getActiveGeneration())),
          readers.searches(directoryOf(after.getActiveGeneration())),
          readers.failed(),
          readers.firstFailures(),
          Duration.ofNanos(System.nanoTime() - begun));
    }
  }

  /** Makes {@link #run} cancel its build and throw soon; may come from any thread. */
  void stop() {
    firstWorker.stop();
    secondWorker.stop();
  }

  private ShadowIndex buildFirst() throws IOException, InterruptedException {
    List<Path> all = source.files();
    List<Path> most =
        IntStream.range(0, all.size())
            .filter(i -> i % ONE_LEFT_OUT_OF != 0)
            .mapToObj(all::get)
            .toList();
    ctl.print(
        "Generation 1: %,d of %,d files; every tenth is left out, so that generation 2 differs",
        most.size(), all.size());
    try (WorkerView view = new WorkerView(ctl.output())) {
      return firstWorker.build(request(), source, most, view);
    }
  }

  private SwitchIndexResponse rebuildBelow(LiveReaders readers, List<String> words)
      throws IOException, InterruptedException {
    try (BackgroundWatch watch = new BackgroundWatch(client, ctl.output())) {
      ShadowIndex built = secondWorker.build(request(), source, source.files(), watch);
      readers.expect(ExpectedAnswers.of(built, words));
      SwitchIndexResponse answer = switchTo(built);
      watch.await();
      return answer;
    }
  }

  private SwitchIndexResponse switchTo(ShadowIndex built) {
    String id = built.getShadowIndexId();
    SwitchIndexResponse answer =
        client.switchIndex(
            SwitchIndexRequest.newBuilder().setShadowIndexId(id).setBackupCurrent(true).build());
    if (!answer.getSuccess()) {
      SwitchReport.print(ctl, answer);
      client.cancelBuild(
          CancelBuildRequest.newBuilder()
              .setShadowIndexId(id)
              .setReason("The demo's switch was refused.")
              .build());
      throw new CommandFailure(Exit.REFUSED, "The demo's switch was refused.");
    }
    return answer;
  }

  private Index live() {
    return client
        .getIndex(
            GetIndexRequest.newBuilder()
                .setBranchName(BRANCH)
                .setIndexType(TYPE)
                .setIndexName(NAME)
                .build())
        .getIndex();
  }

  private static List<String> wordsOf(ShadowIndex built) throws IOException {
    try (LiveIndex index = LiveIndex.open(Path.of(built.getShadowIndexPath()))) {
      List<String> words = index.frequentWords(WORDS);
      if (words.isEmpty()) {
        throw new CommandFailure(Exit.USAGE, "There is not one word in the demo's input.");
      }
      return words;
    }
  }

  private static StartBuildRequest request() {
    return StartBuildRequest.newBuilder()
        .setBranchName(BRANCH)
        .setIndexType(TYPE)
        .setIndexName(NAME)
        .addResourceTypes("object_type")
        .setServiceName("shadowctl demo")
        .build();
  }

  private static Path directoryOf(ShadowIndex generation) throws IOException {
    return Path.of(generation.getShadowIndexPath()).toRealPath();
  }
}
