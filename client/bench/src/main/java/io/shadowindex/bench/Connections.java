package io.shadowindex.bench;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Connections to one server, made in the same way to every server. A client that calls has one of
 * its own; fifty watches share one, whose messages are taken on the transport's thread.
 */
final class Connections implements AutoCloseable {

  private static final int WATCHES = 50;
  private static final int BEGIN_SECONDS = 120;

  private final String address;
  private final List<ManagedChannel> open = new CopyOnWriteArrayList<>();
  private final List<ManagedChannel> watching = new CopyOnWriteArrayList<>();
  private final AtomicInteger watches = new AtomicInteger();

  Connections(String address) {
    this.address = address;
  }

  /** A connection for one client. */
  ManagedChannel calling() {
    return open(NettyChannelBuilder.forTarget(address));
  }

  /** A connection for the next watch. */
  synchronized ManagedChannel watching() {
    if (watches.getAndIncrement() % WATCHES == 0) {
      watching.add(open(NettyChannelBuilder.forTarget(address).directExecutor()));
    }
    return watching.getLast();
  }

  /** Waits until all watches have begun; throws what keeps one from it. */
  static void await(List<CompletableFuture<?>> watches) throws Exception {
    CompletableFuture.allOf(watches.toArray(CompletableFuture<?>[]::new))
        .get(BEGIN_SECONDS, TimeUnit.SECONDS);
  }

  private ManagedChannel open(NettyChannelBuilder builder) {
    ManagedChannel channel = builder.usePlaintext().build();
    open.add(channel);
    return channel;
  }

  @Override
  public void close() {
    open.forEach(ManagedChannel::shutdownNow);
  }
}
