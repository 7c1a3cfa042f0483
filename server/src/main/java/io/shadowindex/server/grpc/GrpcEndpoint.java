package io.shadowindex.server.grpc;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.grpc.MetricCollectingServerInterceptor;
import io.opentelemetry.api.trace.Tracer;
import io.shadowindex.server.access.Credentials;
import io.shadowindex.server.audit.AuditLog;
import io.shadowindex.server.audit.AuditStore;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.lock.LockManager;
import io.shadowindex.server.request.Requests;
import io.shadowindex.server.switchover.IndexDoctor;
import io.shadowindex.server.switchover.IndexRemoval;
import io.shadowindex.server.switchover.SwitchExecutor;
import io.shadowindex.server.watch.BuildWatches;
import io.shadowindex.server.watch.WorkerStreams;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The listening server: the service with its interceptors, health and reflection. */
public final class GrpcEndpoint {

  private static final int RESETS_WINDOW_SECONDS = 10;

  /** How long answers may be on their way to clients, when a stop waits for nothing else. */
  private static final Duration DELIVERY = Duration.ofSeconds(2);

  private static final Duration LOOK_INTERVAL = Duration.ofMillis(20);

  private final HealthStatusManager health = new HealthStatusManager();
  private final RequestValidation validation = new RequestValidation();
  private final CallLimits limits;
  private final ActiveCalls activeCalls = new ActiveCalls();
  private final BuildWatches watches;
  private final WorkerStreams workers;
  private final LockManager lockManager;
  private final Server server;

  /**
   * How it is to behave.
   *
   * @param autoSwitchByDefault whether builds that do not say are switched to when complete
   * @param tls null for plaintext
   * @param connections what a connection may do
   * @param maxStreams how many watches and worker streams there may be
   * @param maxCalls how many other calls
   * @param maxLockWaits how many of these may wait for a lock
   * @param maxRunning how many of the short ones among them run at a time
   * @param maxRequestBytes how large requests may be together: those of all calls under way but
   *     worker streams, and what has come of those that are not whole
   * @param opening how long a worker's stream may be open before its first report, and any other
   *     call before its request is complete
   * @param reportsPerSecond how many reports one stream may bring in a second
   */
  public record Settings(
      InetSocketAddress listen,
      boolean autoSwitchByDefault,
      @Nullable TlsFiles tls,
      Connections connections,
      int maxStreams,
      int maxCalls,
      int maxLockWaits,
      int maxRunning,
      int maxRequestBytes,
      Duration opening,
      int reportsPerSecond) {}

  /**
   * What a connection may do.
   *
   * @param maxMessageBytes the largest request
   * @param maxStreams how many watches and worker streams it may have
   * @param maxCalls how many other calls fit in beside
   * @param maxResets how many calls its client may break off in 10 seconds
   * @param age after how long it takes no new calls
   * @param ageGrace for how long those under way go on then
   * @param ping after how long without a sign of the client it is asked for one
   * @param leastPing how often a client may ask for a sign of the server
   */
  public record Connections(
      int maxMessageBytes,
      int maxStreams,
      int maxCalls,
      int maxResets,
      Duration age,
      Duration ageGrace,
      Duration ping,
      Duration leastPing) {}

  public GrpcEndpoint(
      BuildLifecycle builds,
      SwitchExecutor switches,
      IndexDoctor doctor,
      BuildWatches watches,
      WorkerStreams workers,
      LockGrpcService locks,
      AdminGrpcService admin,
      LockManager lockManager,
      Requests requests,
      AuditStore audit,
      AuditLog auditLog,
      IndexLayout layout,
      InstantSource clock,
      Supplier<UUID> newId,
      Credentials credentials,
      Authorization authorization,
      MeterRegistry meters,
      @Nullable Tracer tracer,
      Settings settings) {
    this.watches = watches;
    this.workers = workers;
    this.lockManager = lockManager;
    var errors = new ErrorInterceptor();
    var removal = new IndexRemoval(builds, switches);
    var messages = new Messages(layout, clock);
    var switchMessages = new SwitchMessages(messages, layout);
    this.limits =
        new CallLimits(
            new CallLimits.Limits(
                settings.maxStreams(),
                settings.connections().maxStreams(),
                settings.maxCalls(),
                settings.maxLockWaits(),
                settings.maxRunning(),
                settings.maxRequestBytes(),
                settings.opening()));
    var service =
        new ShadowIndexGrpcService(
            builds,
            switches,
            removal,
            doctor,
            watches,
            audit,
            messages,
            switchMessages,
            settings.autoSwitchByDefault(),
            new WorkerCalls(
                builds,
                workers,
                messages,
                new ProgressCall.Limits(settings.opening(), settings.reportsPerSecond())));
    var audited = new AuditedCalls(auditLog, clock, newId);
    var repeatable =
        new RepeatableCalls(
            requests,
            new UnansweredRequests(builds, switches, removal, messages, switchMessages, locks));
    Gauge.builder("shadowindex.streams", limits, CallLimits::openStreams)
        .description("Watches and worker streams that are open")
        .register(meters);
    Gauge.builder("shadowindex.calls.waiting", limits, CallLimits::waitingCalls)
        .description("Calls that wait for their turn to run")
        .register(meters);
    var interceptors =
        new ArrayList<>(
            List.of(activeCalls, limits, audited, errors, authorization, validation, repeatable));
    if (tracer != null) {
      interceptors.addFirst(new TracedCalls(tracer));
    }
    this.server =
        builder(settings)
            // Never shut down: gRPC tells some calls of their end after that of the server.
            .executor(Thread::startVirtualThread)
            .addTransportFilter(limits)
            .addStreamTracerFactory(limits.arrivals())
            .intercept(new Authentication(credentials))
            .intercept(
                new MetricCollectingServerInterceptor(meters)) // first: it counts refusals too
            .addService(ServerInterceptors.interceptForward(service, interceptors))
            .addService(ServerInterceptors.interceptForward(locks, interceptors))
            .addService(ServerInterceptors.interceptForward(admin, interceptors))
            .addService(ServerInterceptors.intercept(health.getHealthService(), limits))
            .addService(
                ServerInterceptors.intercept(ProtoReflectionServiceV1.newInstance(), limits))
            .build();
  }

  private static NettyServerBuilder builder(Settings settings) {
    Connections connections = settings.connections();
    TlsFiles tls = settings.tls();
    return NettyServerBuilder.forAddress(
            settings.listen(), tls == null ? InsecureServerCredentials.create() : tls.credentials())
        .maxInboundMessageSize(connections.maxMessageBytes())
        .maxConcurrentCallsPerConnection(connections.maxStreams() + connections.maxCalls())
        .maxRstFramesPerWindow(connections.maxResets(), RESETS_WINDOW_SECONDS)
        .maxConnectionAge(connections.age().toMillis(), TimeUnit.MILLISECONDS)
        .maxConnectionAgeGrace(connections.ageGrace().toMillis(), TimeUnit.MILLISECONDS)
        .keepAliveTime(connections.ping().toMillis(), TimeUnit.MILLISECONDS)
        .permitKeepAliveTime(connections.leastPing().toMillis(), TimeUnit.MILLISECONDS)
        .permitKeepAliveWithoutCalls(true);
  }

  /** Begins to listen, ready to answer at once. */
  public void start() throws IOException {
    validation.warmUp();
    server.start();
    for (String service :
        List.of(
            "",
            ShadowIndexServiceGrpc.SERVICE_NAME,
            LockServiceGrpc.SERVICE_NAME,
            AdminServiceGrpc.SERVICE_NAME)) {
      health.setStatus(service, ServingStatus.SERVING);
    }
  }

  /** Refuses calls whose requests have taken too long to come. To be called again and again. */
  public void refuseIncomplete() {
    limits.refuseIncomplete();
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  /**
   * Says NOT_SERVING, takes no new calls, ends watches, workers' streams and waits for locks by
   * hand with UNAVAILABLE, and waits that long for the calls under way, but no more than two
   * seconds for clients to read what they have been answered. Never interrupts a handler.
   */
  public void stop(Duration drain) {
    health.enterTerminalState();
    server.shutdown();
    watches.drain();
    workers.drain();
    lockManager.drain();
    try {
      if (!terminates(drain)) {
        server.shutdownNow();
        server.awaitTermination(1, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Whether the last connection closes in time. Those that do not know yet that the server stops
   * may begin calls meanwhile; streams of health and reflection, which have no end, are not waited
   * for.
   */
  private boolean terminates(Duration drain) throws InterruptedException {
    long began = System.nanoTime();
    long now = began;
    long lastActive = began;
    while (now - began < drain.toNanos() && now - lastActive < DELIVERY.toNanos()) {
      if (server.awaitTermination(LOOK_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
        return true;
      }
      now = System.nanoTime();
      if (activeCalls.any()) {
        lastActive = now;
      }
    }
    return false;
  }
}
