package io.shadowindex.server.grpc;

import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.lock.LockFeed;
import io.shadowindex.server.request.Requests;
import io.shadowindex.server.switchover.IndexDoctor;
import io.shadowindex.server.switchover.IndexRemoval;
import io.shadowindex.server.switchover.SwitchExecutor;
import io.shadowindex.server.watch.BuildWatches;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The listening server: the service with its interceptors, health and reflection. */
public final class GrpcEndpoint {

  private static final int MAX_MESSAGE_BYTES = 1 << 20;
  private static final int MAX_CALLS_PER_CONNECTION = 100;

  private final HealthStatusManager health = new HealthStatusManager();
  private final ExecutorService handlers = Executors.newVirtualThreadPerTaskExecutor();
  private final RequestValidation validation = new RequestValidation();
  private final BuildWatches watches;
  private final LockFeed lockFeed;
  private final Server server;

  public GrpcEndpoint(
      InetSocketAddress address,
      BuildLifecycle builds,
      SwitchExecutor switches,
      IndexDoctor doctor,
      BuildWatches watches,
      LockGrpcService locks,
      LockFeed lockFeed,
      Requests requests,
      IndexLayout layout,
      InstantSource clock,
      boolean autoSwitchByDefault) {
    this.watches = watches;
    this.lockFeed = lockFeed;
    var errors = new ErrorInterceptor();
    var removal = new IndexRemoval(builds, switches);
    var messages = new Messages(layout, clock);
    var switchMessages = new SwitchMessages(messages, layout);
    var service =
        new ShadowIndexGrpcService(
            builds,
            switches,
            removal,
            doctor,
            watches,
            messages,
            switchMessages,
            autoSwitchByDefault);
    var unanswered = new UnansweredRequests(builds, switches, removal, messages, switchMessages);
    this.server =
        NettyServerBuilder.forAddress(address)
            .executor(handlers)
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
            .permitKeepAliveTime(10, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .addService(
                ServerInterceptors.interceptForward(
                    service,
                    List.of(errors, validation, new RepeatableCalls(requests, unanswered))))
            .addService(ServerInterceptors.interceptForward(locks, List.of(errors, validation)))
            .addService(health.getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance())
            .build();
  }

  /** Begins to listen, ready to answer at once. */
  public void start() throws IOException {
    validation.warmUp();
    server.start();
    for (String service :
        List.of("", ShadowIndexServiceGrpc.SERVICE_NAME, LockServiceGrpc.SERVICE_NAME)) {
      health.setStatus(service, ServingStatus.SERVING);
    }
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  /**
   * Says NOT_SERVING, ends watches with UNAVAILABLE, takes no new calls, and waits that long for
   * those under way. Never interrupts a handler.
   */
  public void stop(Duration drain) {
    health.enterTerminalState();
    server.shutdown();
    watches.drain();
    lockFeed.drain();
    try {
      if (!server.awaitTermination(drain.toMillis(), TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
        server.awaitTermination(1, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    handlers.shutdown();
  }
}
