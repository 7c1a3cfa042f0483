package io.shadowindex.bench;

import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import io.shadowindex.v1.CancelBuildRequest;
import io.shadowindex.v1.PauseBuildRequest;
import io.shadowindex.v1.ResumeBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildsRequest;
import io.shadowindex.v1.WatchBuildsResponse;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * ShadowIndex as a store: a write is PauseBuild and ResumeBuild in turns, of a build of its own. It
 * changes a row by compare-and-set and appends an event, which watchers of the branch get.
 */
final class ShadowIndexStore implements Store {

  private static final int FILLING = 64;
  private static final int BATCH = 1_000;

  private final ShadowIndexServer server;
  private final Connections connections;
  private final String branch;
  private final AtomicInteger records = new AtomicInteger();

  ShadowIndexStore(ShadowIndexServer server, String branch) {
    this.server = server;
    this.connections = new Connections(server.address());
    this.branch = branch;
  }

  @Override
  public String name() {
    return ShadowIndexServer.NAME;
  }

  @Override
  public Call writer() {
    var build = ShadowIndexServer.build(branch, "w" + records.incrementAndGet());
    var stub = ShadowIndexServiceGrpc.newBlockingStub(connections.calling());
    String id = stub.startBuild(build).getShadowIndexId();
    var pause = PauseBuildRequest.newBuilder().setShadowIndexId(id).build();
    var resume = ResumeBuildRequest.newBuilder().setShadowIndexId(id).build();
    return new Call() {
      private boolean paused;

      @Override
      public void make() {
        if (paused) {
          var _ = stub.resumeBuild(resume);
        } else {
          var _ = stub.pauseBuild(pause);
        }
        paused = !paused;
      }
    };
  }

  /** Has so many builds behind it when this returns: started and cancelled. */
  void fill(int builds) throws Exception {
    int clients = Math.min(FILLING, builds);
    int each = builds / clients;
    ManagedChannel shared = connections.calling();
    var _ =
        Clients.all(
            IntStream.range(0, clients)
                .<Callable<Integer>>mapToObj(
                    client ->
                        () -> {
                          Call call = startingAndCancelling("f" + client, shared);
                          for (int i = 0; i < 2 * each; i++) {
                            call.make();
                          }
                          return each;
                        })
                .toList());
  }

  /** A client that starts a build of that index and cancels it, in turns. */
  Call startingAndCancelling(String indexName) {
    return startingAndCancelling(indexName, connections.calling());
  }

  private Call startingAndCancelling(String indexName, ManagedChannel channel) {
    var stub = ShadowIndexServiceGrpc.newBlockingStub(channel);
    var start = ShadowIndexServer.build(branch, indexName);
    return new Call() {
      private String started = "";

      @Override
      public void make() {
        if (started.isEmpty()) {
          started = stub.startBuild(start).getShadowIndexId();
        } else {
          var _ =
              stub.cancelBuild(CancelBuildRequest.newBuilder().setShadowIndexId(started).build());
          started = "";
        }
      }
    };
  }

  @Override
  public void watch(List<? extends Delivery> watchers) throws Exception {
    Connections.await(watchers.stream().<CompletableFuture<?>>map(this::watch).toList());
  }

  /** Complete once nothing that follows is missed. */
  private CompletableFuture<?> watch(Delivery delivered) {
    var caughtUp = new CompletableFuture<Boolean>();
    ShadowIndexServiceGrpc.newStub(connections.watching())
        .watchBuilds(
            WatchBuildsRequest.newBuilder()
                .setBranchName(branch)
                .addStates(ShadowIndex.State.BUILDING) // not all that were, in a full store
                .setMaxBatch(BATCH)
                .build(),
            new StreamObserver<>() {
              @Override
              public void onNext(WatchBuildsResponse message) {
                int notices = take(message.getEvent());
                for (WatchBuildsResponse next : message.getFurtherList()) {
                  notices += take(next.getEvent());
                }
                delivered.of(notices);
              }

              private int take(WatchBuildResponse event) {
                if (event.hasHeartbeat()) {
                  caughtUp.complete(true); // the first one comes after the last snapshot
                }
                return event.hasNotice() ? 1 : 0;
              }

              @Override
              public void onError(Throwable ended) {
                caughtUp.completeExceptionally(ended);
              }

              @Override
              public void onCompleted() {}
            });
    return caughtUp;
  }

  @Override
  public Launched process() {
    return server.process();
  }

  @Override
  public void close() {
    connections.close();
  }
}
