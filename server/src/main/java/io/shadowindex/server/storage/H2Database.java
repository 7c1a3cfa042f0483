package io.shadowindex.server.storage;

import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.request.Mutation;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.h2.engine.Constants;
import org.h2.jdbcx.JdbcConnectionPool;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.conf.RenderNameCase;
import org.jooq.conf.RenderQuotedNames;
import org.jooq.conf.Settings;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * An embedded H2 database that loses no acknowledged transaction.
 *
 * <p>One thread owns every write. It commits the transactions that wait as one, makes it durable
 * with one {@code CHECKPOINT SYNC}, and only then answers their callers: group commit. One that
 * fails is rolled back to where it began, and takes nothing from the others. The thread is never
 * interrupted, because an interrupt closes H2's file. Reads use connections of their own and wait,
 * where a commit they may have seen is not durable yet, until it is.
 *
 * <p>When a commit or the checkpoint fails, nobody can tell what is on disk: the callers get {@link
 * Refusal.OutcomeUnknown}, every later write too, and {@code onFailure} is told, so that the
 * process ends and its next start decides.
 *
 * <p>H2 loses data with its default of {@code WRITE_DELAY=500}, and leaves rows locked for ever
 * with several writers at a kill; docs/decisions/0002 has the figures.
 */
public final class H2Database implements Transactions, AutoCloseable {

  static final SQLDialect DIALECT = SQLDialect.H2;
  static final Settings SETTINGS =
      new Settings()
          .withRenderQuotedNames(RenderQuotedNames.EXPLICIT_DEFAULT_UNQUOTED)
          .withRenderNameCase(RenderNameCase.AS_IS);

  private static final int MAX_BATCH = 256;
  private static final int READ_CONNECTIONS = 16;

  private final JdbcConnectionPool connections;

  /** The pool itself serves whoever happens to poll it first, and refuses after half a minute. */
  private final Semaphore readers = new Semaphore(READ_CONNECTIONS, true);

  private final Deque<Reader> idle = new ConcurrentLinkedDeque<>();
  private final Semaphore backup = new Semaphore(1);
  private final Consumer<Throwable> onFailure;
  private final BlockingQueue<Job<?>> queue = new LinkedBlockingQueue<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final DurableMark durable = new DurableMark();
  private final Connection writerConnection;
  private final DSLContext writerContext;
  private final Thread writer;
  private volatile boolean failed;
  private volatile Consumer<Duration> onBatch = duration -> {};

  /**
   * A connection that reads, as it is needed for that: to set it up anew takes longer than most
   * reads.
   */
  private record Reader(Connection connection, DSLContext context) {

    static Reader open(JdbcConnectionPool connections) throws SQLException {
      Connection connection = connections.getConnection();
      connection.setTransactionIsolation(Constants.TRANSACTION_SNAPSHOT);
      connection.setAutoCommit(false);
      return new Reader(connection, DSL.using(connection, DIALECT, SETTINGS));
    }

    <T> T read(Function<DSLContext, T> query) throws SQLException {
      boolean read = false;
      try {
        T value = query.apply(context);
        connection.commit();
        read = true;
        return value;
      } finally {
        if (!read) {
          connection.close();
        }
      }
    }
  }

  /** What waits for the writer, and who waits for it. */
  private abstract static sealed class Job<T> {
    /** What the caller carries out, and so does the writer for it. */
    final @Nullable Mutation mutation = Mutation.current();

    final CompletableFuture<T> result = new CompletableFuture<>();
    private @Nullable Runnable answer;

    void succeeded(T value) {
      answer = () -> result.complete(value);
    }

    void failed(Throwable cause) {
      answer = () -> result.completeExceptionally(cause);
    }

    void answer() {
      if (answer != null) {
        answer.run();
      }
    }

    void answerUnknown() {
      result.completeExceptionally(new Refusal.OutcomeUnknown().exception());
    }

    /** Waits for the answer and throws what it was refused with. */
    T await() throws IOException {
      try {
        return result.join();
      } catch (CompletionException e) {
        switch (e.getCause()) {
          case RuntimeException cause -> throw cause;
          case IOException cause -> throw cause;
          case Error cause -> throw cause;
          case null, default -> throw e;
        }
      }
    }
  }

  /** A transaction of a caller, committed with the others that wait. */
  private static final class Transaction<T> extends Job<T> {
    private final Function<DSLContext, T> statements;
    private final Consumer<T> told;
    private Runnable telling = () -> {};
    private boolean applied;

    Transaction(Function<DSLContext, T> statements, Consumer<T> told) {
      this.statements = statements;
      this.told = told;
    }

    /** Leaves nothing behind where it throws. */
    void apply(DSLContext context, Connection connection) throws SQLException {
      Savepoint before = connection.setSavepoint();
      try {
        T value = Mutation.during(mutation, () -> statements.apply(context));
        applied = true;
        telling = () -> told.accept(value);
        succeeded(value);
      } catch (RuntimeException | Error e) {
        connection.rollback(before);
        mutationEnded(false);
        failed(e);
      }
    }

    /** What it left is committed. */
    void committed() {
      if (applied) {
        mutationEnded(true);
      }
    }

    /** Tells others of it; to be called when it is durable. */
    void tell() {
      telling.run();
    }

    private void mutationEnded(boolean committed) {
      if (mutation != null) {
        mutation.ended(committed);
      }
    }
  }

  /** Work that has the writer for itself. */
  private static final class Exclusive<T> extends Job<T> {
    private final Work<T> work;
    private final AtomicBoolean taken = new AtomicBoolean();
    private final CountDownLatch begun = new CountDownLatch(1);

    Exclusive(Work<T> work) {
      this.work = work;
    }

    /** Waits for the writer to begin it; when it does not in time, it never will. */
    boolean begunBefore(long deadline) {
      boolean interrupted = false;
      try {
        while (true) {
          try {
            return begun.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)
                || !taken.compareAndSet(false, true);
          } catch (InterruptedException e) {
            interrupted = true; // what is wanted is wanted still, and cannot be left half done
          }
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }

    /** Whether it is still wanted. */
    boolean begin() {
      boolean wanted = taken.compareAndSet(false, true);
      begun.countDown();
      return wanted;
    }

    void run() {
      try {
        succeeded(Mutation.during(mutation, work::run));
      } catch (IOException | RuntimeException | Error e) {
        failed(e);
      }
    }
  }

  /**
   * Opens the database in that directory, creates it when there is none, and brings its schema up
   * to date.
   *
   * @param onFailure told once, on the writer thread, when the disk has failed
   */
  public static H2Database open(Path directory, Consumer<Throwable> onFailure) {
    JdbcConnectionPool connections = DatabaseFile.open(directory);
    connections.setMaxConnections(READ_CONNECTIONS + 2); // and the writer, and a backup
    try {
      return new H2Database(connections, onFailure);
    } catch (SQLException e) {
      throw new IllegalStateException("the database does not open a second connection", e);
    }
  }

  private H2Database(JdbcConnectionPool connections, Consumer<Throwable> onFailure)
      throws SQLException {
    this.connections = connections;
    this.onFailure = onFailure;
    this.writerConnection = connections.getConnection();
    this.writerConnection.setAutoCommit(false);
    this.writerContext = DSL.using(writerConnection, DIALECT, SETTINGS);
    this.writer = Thread.ofPlatform().name("h2-writer").start(this::writeUntilClosed);
  }

  @Override
  public <T> T write(Function<DSLContext, T> transaction, Consumer<T> told) {
    var job = new Transaction<T>(transaction, told);
    try {
      if (Thread.currentThread() == writer) {
        commit(List.of(job));
      } else {
        enqueue(job);
      }
      return job.await();
    } catch (IOException e) {
      throw new IllegalStateException("a transaction does not throw it", e);
    }
  }

  @Override
  public <T> CompletionStage<T> writeLater(Function<DSLContext, T> transaction) {
    var job = new Transaction<T>(transaction, answer -> {});
    enqueue(job);
    return job.result;
  }

  @Override
  public <T> Optional<T> exclusively(Work<T> work, long deadline) throws IOException {
    var job = new Exclusive<T>(work);
    enqueue(job);
    return job.begunBefore(deadline) ? Optional.of(job.await()) : Optional.empty();
  }

  private void enqueue(Job<?> job) {
    refuseWhenClosed();
    queue.add(job);
    if (closed.get() && queue.remove(job)) {
      throw new Refusal.Draining().exception();
    }
  }

  @Override
  public <T> T read(Function<DSLContext, T> query) {
    refuseWhenClosed();
    T value = readVisible(query);
    durable.awaitWhatIsVisible();
    return value;
  }

  private <T> T readVisible(Function<DSLContext, T> query) {
    readers.acquireUninterruptibly();
    try {
      Reader reader = idle.poll();
      if (reader == null) {
        reader = Reader.open(connections);
      }
      T value = reader.read(query);
      idle.push(reader); // one that failed is not used again
      return value;
    } catch (SQLException e) {
      throw new DataAccessException("the database could not be read", e);
    } finally {
      readers.release();
    }
  }

  /**
   * Writes a consistent copy of the whole database to a new zip file, while everything goes on.
   * What was durable before the call is in it. Not durable itself.
   */
  void backUpTo(Path zip) {
    refuseWhenClosed();
    backup.acquireUninterruptibly();
    try (Connection connection = connections.getConnection();
        var statement = connection.prepareStatement("backup to ?")) {
      statement.setString(1, zip.toString());
      statement.execute();
    } catch (SQLException e) {
      throw new DataAccessException("the database could not be copied", e);
    } finally {
      backup.release();
    }
  }

  @Override
  public void onCommit(Runnable listener) {
    listeners.add(listener);
  }

  /** Has the listener told how long each group commit took, on the writer thread. */
  void onBatch(Consumer<Duration> listener) {
    onBatch = listener;
  }

  /** How many transactions wait for the writer. */
  int queued() {
    return queue.size();
  }

  /** Ends the writer after what is queued, and closes the database. Later writes are refused. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    queue.add(new Transaction<>(context -> true, answer -> {}));
    joinUninterruptibly(writer);
    try {
      if (!failed) {
        try (var statement = writerConnection.createStatement()) {
          statement.execute("shutdown");
        }
      }
      connections.dispose();
    } catch (SQLException e) {
      throw new IllegalStateException("the database did not close", e);
    }
  }

  private void refuseWhenClosed() {
    if (closed.get()) {
      throw new Refusal.Draining().exception();
    }
  }

  private void writeUntilClosed() {
    var waiting = new ArrayDeque<Job<?>>(MAX_BATCH);
    while (!closed.get() || !queue.isEmpty()) {
      waiting.add(takeUninterruptibly());
      queue.drainTo(waiting, MAX_BATCH - 1);
      while (!waiting.isEmpty()) {
        if (waiting.peek() instanceof Exclusive<?> job) {
          waiting.remove();
          carryOut(job);
        } else {
          commit(leadingTransactions(waiting));
        }
        tellListeners();
      }
    }
  }

  private void tellListeners() {
    try {
      listeners.forEach(Runnable::run);
    } catch (RuntimeException | Error e) {
      fail(e); // whom they would have woken waits for ever
    }
  }

  private static List<Transaction<?>> leadingTransactions(Deque<Job<?>> waiting) {
    var batch = new ArrayList<Transaction<?>>(waiting.size());
    while (waiting.peek() instanceof Transaction<?> transaction) {
      batch.add(transaction);
      waiting.remove();
    }
    return batch;
  }

  private void carryOut(Exclusive<?> job) {
    if (!job.begin()) {
      return;
    }
    if (failed) {
      job.answerUnknown();
    } else {
      job.run();
      job.answer();
    }
  }

  private void commit(List<? extends Transaction<?>> batch) {
    if (failed) {
      batch.forEach(Job::answerUnknown);
      return;
    }
    long began = System.nanoTime();
    try {
      for (Transaction<?> transaction : batch) {
        transaction.apply(writerContext, writerConnection);
      }
      durable.beginBatch();
      writerConnection.commit();
      batch.forEach(Transaction::committed);
      try (var statement = writerConnection.createStatement()) {
        statement.execute("checkpoint sync");
      }
      durable.endBatch();
      batch.forEach(Transaction::tell);
      batch.forEach(Job::answer);
      onBatch.accept(Duration.ofNanos(System.nanoTime() - began));
    } catch (SQLException | RuntimeException | Error e) {
      fail(e);
      batch.forEach(Job::answerUnknown); // but for those that have their answer
    }
  }

  private void fail(Throwable cause) {
    if (failed) {
      return;
    }
    failed = true;
    durable.fail();
    onFailure.accept(cause);
  }

  private Job<?> takeUninterruptibly() {
    while (true) {
      try {
        return queue.take();
      } catch (InterruptedException e) {
        // Nobody may interrupt the writer; whoever did is ignored, so that the file stays open.
      }
    }
  }

  private static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
