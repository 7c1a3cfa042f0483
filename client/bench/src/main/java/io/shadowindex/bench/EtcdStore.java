package io.shadowindex.bench;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import io.shadowindex.bench.etcd.KVGrpc;
import io.shadowindex.bench.etcd.PutRequest;
import io.shadowindex.bench.etcd.WatchCreateRequest;
import io.shadowindex.bench.etcd.WatchGrpc;
import io.shadowindex.bench.etcd.WatchRequest;
import io.shadowindex.bench.etcd.WatchResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * etcd as a store: a write is a put of a value to a key of its own, blindly, which watchers of the
 * prefix get.
 */
final class EtcdStore implements Store {

  /** About as long as the row and the event of a ShadowIndex transition. */
  private static final int VALUE_BYTES = 256;

  private static final char AFTER_SLASH = '/' + 1;

  private final EtcdServer server;
  private final Connections connections;
  private final String group;
  private final AtomicInteger records = new AtomicInteger();

  EtcdStore(EtcdServer server, String group) {
    this.server = server;
    this.connections = new Connections(server.address());
    this.group = group;
  }

  @Override
  public String name() {
    return "etcd";
  }

  @Override
  public Call writer() {
    var stub = KVGrpc.newBlockingStub(connections.calling());
    var put =
        PutRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8(group + "/" + records.incrementAndGet()))
            .setValue(ByteString.copyFrom(new byte[VALUE_BYTES]))
            .build();
    return () -> {
      var _ = stub.put(put);
    };
  }

  @Override
  public void watch(List<? extends Delivery> watchers) throws Exception {
    Connections.await(watchers.stream().<CompletableFuture<?>>map(this::watch).toList());
  }

  /** Complete once nothing that follows is missed. */
  private CompletableFuture<?> watch(Delivery delivered) {
    var created = new CompletableFuture<Boolean>();
    WatchGrpc.newStub(connections.watching())
        .watch(
            new StreamObserver<>() {
              @Override
              public void onNext(WatchResponse message) {
                if (message.getCreated()) {
                  created.complete(true);
                }
                delivered.of(message.getEventsCount());
              }

              @Override
              public void onError(Throwable ended) {
                created.completeExceptionally(ended);
              }

              @Override
              public void onCompleted() {}
            })
        .onNext(
            WatchRequest.newBuilder()
                .setCreateRequest(
                    WatchCreateRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(group + "/"))
                        .setRangeEnd(ByteString.copyFromUtf8(group + AFTER_SLASH)))
                .build());
    return created;
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
