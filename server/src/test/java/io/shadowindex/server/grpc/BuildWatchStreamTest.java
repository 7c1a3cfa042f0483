package io.shadowindex.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.StatusException;
import io.grpc.stub.ServerCallStreamObserver;
import io.shadowindex.server.build.BuildChange;
import io.shadowindex.server.build.BuildScope;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.Precondition;
import io.shadowindex.server.grpc.BuildWatchStream.Batches;
import io.shadowindex.server.testing.RecordedStream;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.server.watch.WatchMessage;
import io.shadowindex.server.watch.WatchedStore;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildsResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BuildWatchStreamTest {

  private static final BuildScope ALL =
      new BuildScope(new BuildFilter(null, null, Set.of()), Map.of());

  @Test
  void whatABatchHasIsSentBeforeTheWatchEnds(@TempDir Path directory) throws Exception {
    try (var store = new WatchedStore(directory)) {
      UUID id = UUID.randomUUID();
      store.state().builds().create(id, WatchedStore.spec("main"));
      store.state().builds().apply(id, Precondition.NONE, new BuildChange.Prepared());
      long newest = store.state().log().newestRevision();
      Function<WatchMessage, WatchBuildsResponse> drainedMeanwhile =
          message -> {
            store.watches().drain();
            return WatchBuildsResponse.newBuilder()
                .setEvent(WatchBuildResponse.newBuilder().setRevision(message.revision()))
                .build();
          };
      var told = new RecordedStream<WatchBuildsResponse>();

      BuildWatchStream.start(
          new ReadyCall<>(told),
          new Batches<>(drainedMeanwhile, 1000, WatchMessages::together),
          Duration.ofMinutes(1),
          wakeUp -> store.watches().watch(ALL, 0L, wakeUp));

      assertThat(told.ends()).isTrue();
      assertThat(told.values()).hasSize(1);
      List<WatchBuildsResponse> further = told.values().getFirst().getFurtherList();
      assertThat(further.getLast().getEvent().getRevision()).isEqualTo(newest);
      assertThat(told.error())
          .isInstanceOfSatisfying(
              StatusException.class,
              ended ->
                  assertThat(
                          TestServer.errorInfo(
                                  ended.getStatus().asRuntimeException(ended.getTrailers()))
                              .getMetadataMap())
                      .containsEntry("revision", Long.toString(newest)));
    }
  }

  /** A call that always has room. */
  private static final class ReadyCall<T> extends ServerCallStreamObserver<T> {
    private final RecordedStream<T> told;

    ReadyCall(RecordedStream<T> told) {
      this.told = told;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public void onNext(T message) {
      told.onNext(message);
    }

    @Override
    public void onError(Throwable cause) {
      told.onError(cause);
    }

    @Override
    public void onCompleted() {
      told.onCompleted();
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void setOnCancelHandler(Runnable handler) {}

    @Override
    public void setCompression(String compression) {}

    @Override
    public void setMessageCompression(boolean enable) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void request(int count) {}
  }
}
