package io.shadowindex.server.testing;

import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What came over a stream, and how it ended. */
public final class RecordedStream<T> implements StreamObserver<T> {

  private final List<T> values = new CopyOnWriteArrayList<>();
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile @Nullable Throwable error;

  public List<T> values() {
    return List.copyOf(values);
  }

  /** What it ended with; null while it goes on and when it ended well. */
  public @Nullable Throwable error() {
    return error;
  }

  /** Whether it ends within ten seconds. */
  public boolean ends() throws InterruptedException {
    return ended.await(10, TimeUnit.SECONDS);
  }

  @Override
  public void onNext(T value) {
    values.add(value);
  }

  @Override
  public void onError(Throwable cause) {
    error = cause;
    ended.countDown();
  }

  @Override
  public void onCompleted() {
    ended.countDown();
  }
}
