package io.shadowindex.client.lucene;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.NoLockFactory;

/**
 * Indexes files into a directory of its own, with several threads. Takes no {@code write.lock}, as
 * the directory belongs to one worker and a lock file would become part of the generation. Memory
 * is bounded by the write buffer and one file a thread.
 */
final class LuceneIndexer {
  /** Progress is told at most ten times a second. */
  private static final long REPORT_EVERY_MILLIS = 100;

  private static final double WRITE_BUFFER_MIB = 64;

  /**
   * Each thread writes a segment of its own. Below this many files a second segment costs more than
   * a second thread wins, and a small index would double its size from one run to the next.
   */
  private static final int FILES_PER_THREAD = 500;

  private final SourceFiles source;
  private final List<Path> files;
  private final Path directory;
  private final int threads;

  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger done = new AtomicInteger();
  private final LongAdder documents = new LongAdder();
  private final Map<SkipReason, Long> skipped = new ConcurrentHashMap<>();
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
  private volatile boolean ending;
  private volatile boolean stopped;

  /**
   * An indexer for one run.
   *
   * @param files some or all of the source's, at least one
   * @param directory exists and is empty
   * @param threads at most this many, 1 or more; fewer where the files are few
   */
  LuceneIndexer(SourceFiles source, List<Path> files, Path directory, int threads) {
    this.source = source;
    this.files = files;
    this.directory = directory;
    this.threads = Math.clamp(files.size() / FILES_PER_THREAD, 1, threads);
  }

  /**
   * Indexes all files and commits. When it throws, the directory holds files without a commit.
   *
   * @param listener told of progress from the calling thread; no file is begun until it returns,
   *     and what it throws ends the run
   * @throws CancellationException after {@link #stop}
   */
  IndexingResult run(Consumer<IndexingProgress> listener) throws IOException, InterruptedException {
    IndexWriterConfig config =
        new IndexWriterConfig(new StandardAnalyzer())
            .setOpenMode(IndexWriterConfig.OpenMode.CREATE)
            .setRAMBufferSizeMB(WRITE_BUFFER_MIB);
    try (Directory target = FSDirectory.open(directory.toRealPath(), NoLockFactory.INSTANCE)) {
      IndexWriter writer = new IndexWriter(target, config);
      try {
        indexAll(writer, listener);
        writer.close();
      } finally {
        if (writer.isOpen()) {
          writer.rollback();
        }
      }
      return new IndexingResult(documents.sum(), skipped, bytes(target));
    }
  }

  /** Makes {@link #run} throw soon; may come from any thread. */
  void stop() {
    stopped = true;
  }

  private void indexAll(IndexWriter writer, Consumer<IndexingProgress> listener)
      throws IOException, InterruptedException {
    try (ExecutorService pool =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().name("indexer-", 1).daemon().factory())) {
      try {
        CompletionService<Void> workers = new ExecutorCompletionService<>(pool);
        for (int i = 0; i < threads; i++) {
          workers.submit(() -> indexUntilNoneIsLeft(writer));
        }
        awaitAll(workers, listener);
      } finally {
        ending = true;
      }
    }
    if (stopped) {
      throw new CancellationException("Indexing was stopped.");
    }
  }

  private void awaitAll(CompletionService<Void> workers, Consumer<IndexingProgress> listener)
      throws IOException, InterruptedException {
    int running = threads;
    while (running > 0) {
      Future<Void> finished = workers.poll(REPORT_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      if (finished == null) {
        tellWhileNothingBegins(listener);
      } else {
        failIfFailed(finished);
        running--;
      }
    }
    listener.accept(progress());
  }

  private void tellWhileNothingBegins(Consumer<IndexingProgress> listener) {
    gate.writeLock().lock();
    try {
      listener.accept(progress());
    } finally {
      gate.writeLock().unlock();
    }
  }

  private int nextFile() {
    gate.readLock().lock();
    try {
      return next.getAndIncrement();
    } finally {
      gate.readLock().unlock();
    }
  }

  private Void indexUntilNoneIsLeft(IndexWriter writer) throws IOException {
    int index;
    while (!ending && !stopped && (index = nextFile()) < files.size()) {
      switch (source.read(files.get(index))) {
        case SourceFiles.Reading.Text text -> add(writer, text);
        case SourceFiles.Reading.Skipped(SkipReason reason) -> skipped.merge(reason, 1L, Long::sum);
      }
      done.incrementAndGet();
    }
    return null;
  }

  private void add(IndexWriter writer, SourceFiles.Reading.Text text) throws IOException {
    try (Reader content = text.content()) {
      Document document = new Document();
      document.add(new StringField(SourceFields.PATH, text.name(), Field.Store.YES));
      document.add(new TextField(SourceFields.CONTENT, content));
      writer.addDocument(document);
    }
    documents.increment();
  }

  private IndexingProgress progress() {
    return new IndexingProgress(done.get(), files.size(), documents.sum());
  }

  private static long bytes(Directory target) throws IOException {
    long sum = 0;
    for (String file : target.listAll()) {
      sum += target.fileLength(file);
    }
    return sum;
  }

  private static void failIfFailed(Future<Void> finished) throws IOException, InterruptedException {
    try {
      finished.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw new IOException(e);
      }
    }
  }
}
