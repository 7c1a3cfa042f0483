package io.shadowindex.bench;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import io.shadowindex.bench.etcd.KVGrpc;
import io.shadowindex.bench.etcd.PutRequest;
import io.shadowindex.bench.etcd.WatchCreateRequest;
import io.shadowindex.bench.etcd.WatchGrpc;
import io.shadowindex.bench.etcd.WatchRequest;
import io.shadowindex.bench.etcd.WatchResponse;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * etcd as a store: a write is a put of a value to a key of its own, blindly, which watchers of the
 * prefix get.
 */
final class EtcdStore implements Store {

  private static final String PREFIX = "bench/";
  private static final String AFTER_PREFIX = "bench0"; // '0' follows '/'

  /** About as long as the row and the event of a ShadowIndex transition. */
  private static final int VALUE_BYTES = 256;

  private final EtcdServer server;
  private final AtomicInteger records = new AtomicInteger();

  EtcdStore(EtcdServer server) {
    this.server = server;
  }

  @Override
  public String name() {
    return "etcd";
  }

  @Override
  public Call writer() {
    var stub = KVGrpc.newBlockingStub(server.connections().calling());
    var put =
        PutRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8(PREFIX + records.incrementAndGet()))
            .setValue(ByteString.copyFrom(new byte[VALUE_BYTES]))
            .build();
    return () -> {
      var _ = stub.put(put);
    };
  }

  @Override
  public void watch(Delivery delivered) throws InterruptedException {
    var created = new CountDownLatch(1);
    WatchGrpc.newStub(server.connections().watching())
        .watch(
            new StreamObserver<>() {
              @Override
              public void onNext(WatchResponse message) {
                if (message.getCreated()) {
                  created.countDown();
                }
                delivered.of(message.getEventsCount());
              }

              @Override
              public void onError(Throwable ended) {}

              @Override
              public void onCompleted() {}
            })
        .onNext(
            WatchRequest.newBuilder()
                .setCreateRequest(
                    WatchCreateRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(PREFIX))
                        .setRangeEnd(ByteString.copyFromUtf8(AFTER_PREFIX)))
                .build());
    if (!created.await(60, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the watch does not begin");
    }
  }

  @Override
  public Launched process() {
    return server.process();
  }

  @Override
  public void close() {
    server.close();
  }
}
