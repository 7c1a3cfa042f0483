package io.shadowindex.server.request;

import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Sees to it that calls with one request id take turns, and that later ones learn of the first. */
public final class Requests {

  private static final Duration KEPT = Duration.ofHours(24);
  private static final int SWEPT_AT_ONCE = 1000;

  /** Larger answers are made from the database when they are asked for again. */
  private static final int LARGEST_ANSWER_BYTES = 256 * 1024;

  private final RequestStore store;
  private final InstantSource clock;
  private final ConcurrentMap<UUID, Turn> underWay = new ConcurrentHashMap<>();

  public Requests(RequestStore store, InstantSource clock) {
    this.store = store;
    this.clock = clock;
  }

  /**
   * Waits until no other call with the id is under way, and takes the turn for a mutation.
   *
   * <p>Refuses with {@code RequestIdReused} when the id belongs to another request, and with {@code
   * RequestUnderWay} when the wait takes longer than {@code patience}.
   */
  public Turn take(RequestKey key, Mutation mutation, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    var mine = new Turn(key, mutation);
    for (Turn first = underWay.putIfAbsent(key.id(), mine);
        first != null;
        first = underWay.putIfAbsent(key.id(), mine)) {
      requireSame(first.key, key);
      first.awaitEnd(deadline);
    }
    try {
      mine.recorded = store.find(key.id());
      mine.recorded.ifPresent(recorded -> requireSame(recorded.key(), key));
      mutation.begin(key, mine.recorded.isPresent());
      return mine;
    } catch (RuntimeException e) {
      mine.close();
      throw e;
    }
  }

  /** Forgets the requests of more than 24 hours ago. */
  public void sweep() {
    int swept;
    do {
      swept = store.forget(clock.instant().minus(KEPT), SWEPT_AT_ONCE);
    } while (swept == SWEPT_AT_ONCE);
  }

  private static void requireSame(RequestKey first, RequestKey second) {
    if (!first.equals(second)) {
      throw new Refusal.RequestIdReused(second.id()).exception();
    }
  }

  /** One call's turn; the next one with the same id begins when it is closed. */
  public final class Turn implements AutoCloseable {

    private final RequestKey key;
    private final Mutation mutation;
    private final CountDownLatch ended = new CountDownLatch(1);
    private Optional<RecordedRequest> recorded = Optional.empty();
    private CompletionStage<?> keeping = CompletableFuture.completedStage(null);

    private Turn(RequestKey key, Mutation mutation) {
      this.key = key;
      this.mutation = mutation;
    }

    /** What an earlier call has recorded. */
    public Optional<RecordedRequest> recorded() {
      return recorded;
    }

    /**
     * Keeps the answer where the request has had an effect; others may be tried again. Does not
     * wait for it: the effect is durable, and where the answer is lost in a crash it is made again
     * from the effect.
     */
    public void answered(byte[] answer) {
      if (mutation.isRequestEffective() && answer.length <= LARGEST_ANSWER_BYTES) {
        keeping = kept(answer);
      }
    }

    private CompletionStage<?> kept(byte[] answer) {
      try {
        return store.saveAnswer(key.id(), ByteBuffer.wrap(answer));
      } catch (RefusedException e) {
        return CompletableFuture.failedStage(e); // the effect is there all the same
      }
    }

    /** Returns when the answer is kept, or cannot be. */
    public void awaitKept() {
      keeping.exceptionally(failure -> null).toCompletableFuture().join();
    }

    private void awaitEnd(long deadline) {
      try {
        if (ended.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      throw new Refusal.RequestUnderWay(key.id()).exception();
    }

    /** The next turn begins when the answer is kept, so that it gets the same one. */
    @Override
    public void close() {
      keeping.whenComplete(
          (kept, failure) -> {
            underWay.remove(key.id(), this);
            ended.countDown();
          });
    }
  }
}
