package io.shadowindex.server;

import com.fasterxml.uuid.Generators;
import io.shadowindex.server.access.Credentials;
import io.shadowindex.server.access.CredentialsFile;
import io.shadowindex.server.audit.AuditFile;
import io.shadowindex.server.audit.AuditLog;
import io.shadowindex.server.build.BuildLifecycle;
import io.shadowindex.server.build.BuildLimits;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.RetentionSweeper;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.grpc.AdminGrpcService;
import io.shadowindex.server.grpc.AuditedSwitches;
import io.shadowindex.server.grpc.Authorization;
import io.shadowindex.server.grpc.GrpcEndpoint;
import io.shadowindex.server.grpc.LockGrpcService;
import io.shadowindex.server.grpc.TlsFiles;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.IndexFormats;
import io.shadowindex.server.index.IndexLayout;
import io.shadowindex.server.index.OwnedDirectory;
import io.shadowindex.server.lock.LockFeed;
import io.shadowindex.server.lock.LockManager;
import io.shadowindex.server.lock.LockQueue;
import io.shadowindex.server.lock.LockStore;
import io.shadowindex.server.lock.WritePermissions;
import io.shadowindex.server.observe.AdminEndpoint;
import io.shadowindex.server.observe.AdminEndpoint.Readiness;
import io.shadowindex.server.observe.LoggedSwitches;
import io.shadowindex.server.observe.Metrics;
import io.shadowindex.server.observe.TracedSwitches;
import io.shadowindex.server.observe.Traces;
import io.shadowindex.server.request.Requests;
import io.shadowindex.server.storage.StateRestore;
import io.shadowindex.server.storage.StateStore;
import io.shadowindex.server.switchover.AutoSwitcher;
import io.shadowindex.server.switchover.IndexDoctor;
import io.shadowindex.server.switchover.SwitchExecutor;
import io.shadowindex.server.switchover.SwitchForecast;
import io.shadowindex.server.switchover.SwitchLocks;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.switchover.SwitchStore;
import io.shadowindex.server.watch.BuildWatches;
import io.shadowindex.server.watch.LogCompaction;
import io.shadowindex.server.watch.WorkerStreams;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running server: opens the store, recovers what a crash left, and listens.
 *
 * <p>Stops in the opposite order: health says so, watches end, calls drain, progress is stored, the
 * database closes. Being killed instead loses nothing that was acknowledged.
 */
public final class ShadowIndexServer implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ShadowIndexServer.class);

  private static final int REHEARSED_SWITCHES = 200;

  private final ServerConfig config;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final LockStore lockStore;
  private final SwitchStore switchStore;
  private final BuildStore buildStore;
  private final GrpcEndpoint endpoint;
  private final Metrics metrics;
  private final @Nullable AdminEndpoint admin;

  /** Another server works on the same directory. */
  public static final class DirectoryInUseException extends IOException {
    private static final long serialVersionUID = 1L;

    DirectoryInUseException(Path directory) {
      super("another server is using " + directory);
    }
  }

  /**
   * What a test may replace: the clock, the file operations, and who is told of each switch step.
   */
  public record Environment(
      InstantSource clock, FileOperations files, SwitchStep.Observer switchSteps) {
    public static Environment real() {
      return new Environment(
          InstantSource.system(), FileOperations.real(), SwitchStep.Observer.NONE);
    }
  }

  /**
   * Starts a server; it answers when this returns.
   *
   * @param onFailure told when the disk has failed in a way that only a new start can resolve; has
   *     to end the process
   * @throws DirectoryInUseException when another server works on the same directories
   */
  public static ShadowIndexServer start(ServerConfig config, Consumer<Throwable> onFailure)
      throws IOException {
    return start(config, Environment.real(), onFailure);
  }

  /** The same with parts of its environment replaced. */
  public static ShadowIndexServer start(
      ServerConfig config, Environment environment, Consumer<Throwable> onFailure)
      throws IOException {
    return new ShadowIndexServer(config, environment, onFailure);
  }

  private ShadowIndexServer(
      ServerConfig config, Environment environment, Consumer<Throwable> onFailure)
      throws IOException {
    this.config = config;
    try {
      takeDirectories();
      this.metrics = open(new Metrics());
      var adminAddress = config.get(Settings.ADMIN_LISTEN);
      this.admin =
          adminAddress.isPresent() ? open(new AdminEndpoint(adminAddress.get(), metrics)) : null;
      URI collector = config.get(Settings.OTLP_ENDPOINT).orElse(null);
      Traces traces =
          collector == null ? null : open(new Traces(collector, config.get(Settings.TRACE_RATIO)));
      FileOperations files = environment.files();
      files.deleteTree(backupDirectory());
      new StateRestore(config.get(Settings.DATA_DIR), files, environment.clock()).finish();
      StateStore state = open(StateStore.open(stateDirectory(), environment.clock(), onFailure));
      if (admin != null && opened.remove(admin)) { // what it tells is in the state
        open(admin);
      }
      var layout =
          new IndexLayout(config.get(Settings.INDEX_ROOT), config.get(Settings.SERVE_ROOT));
      IndexFormats formats = IndexFormats.installed();
      log.info("index formats: {}", formats.names());
      var board = new ProgressBoard();
      Supplier<UUID> ids = Generators.timeBasedEpochGenerator()::generate; // decision 43
      this.buildStore =
          state.builds(
              new BuildLimits(
                  config.get(Settings.MAX_BUILDS), config.get(Settings.MAX_BUILDS_PER_BRANCH)));
      this.switchStore = state.switches();
      this.lockStore = state.locks(config.get(Settings.MAX_LOCKS));
      state.onGroupCommit(metrics::committed);
      metrics.countBuilds(this::countBuilds);
      metrics.gauge(
          "shadowindex.writes.queued",
          "Transactions that wait for the writer",
          state::queuedWrites);
      metrics.gauge(
          "shadowindex.locks.held",
          "Locks and leases, those of switches not counted",
          lockStore::held);
      var lockQueue = new LockQueue();
      var lockFeed = new LockFeed(lockStore);
      var forecast = new SwitchForecast(buildStore, board, environment.clock());
      var sweeper =
          new RetentionSweeper(
              buildStore,
              layout,
              files,
              environment.clock(),
              config.get(Settings.KEEP_GENERATIONS));
      var builds =
          new BuildLifecycle(
              buildStore,
              board,
              layout,
              formats,
              files,
              sweeper,
              environment.clock(),
              ids,
              config.get(Settings.RETENTION));
      var switches =
          new SwitchExecutor(
              buildStore,
              switchStore,
              new SwitchLocks(lockStore, lockQueue, lockFeed, environment.clock()),
              forecast,
              board,
              layout,
              formats,
              files,
              new SwitchExecutor.Settings(
                  config.get(Settings.TOLERANCE),
                  config.get(Settings.PROBE_MAX_SLOWDOWN),
                  config.get(Settings.RETENTION),
                  config.get(Settings.GRACE),
                  config.get(Settings.RETENTION),
                  config.get(Settings.KEEP_GENERATIONS)),
              environment.clock(),
              new LoggedSwitches(
                  traces == null
                      ? environment.switchSteps()
                      : new TracedSwitches(environment.switchSteps(), traces.tracer())),
              onFailure);
      switches.onEnded(
          outcome -> {
            metrics.ended(outcome);
            LoggedSwitches.ended(outcome);
          });
      sweeper.spare(switches::mayComeBack);
      long began = System.nanoTime();
      files.createDirectories(layout.builds());
      switches.recovery().run();
      builds.recover();
      sweeper.recover();
      log.info("recovered in {} us", (System.nanoTime() - began) / 1000);

      BuildWatches watches = open(new BuildWatches(state.log(), builds, board));
      state.onCommit(watches::wakeUp);
      watches.start();
      var requests = new Requests(state.requests(), environment.clock());
      AuditLog auditLog = auditLog(state, environment.clock());
      open(
          housekeeping(
              builds,
              sweeper,
              new LogCompaction(state.log(), environment.clock()),
              requests,
              auditLog));
      var autoSwitcher =
          open(
              new AutoSwitcher(
                  buildStore,
                  switches,
                  environment.clock(),
                  config.get(Settings.DRAIN),
                  new AuditedSwitches(buildStore, auditLog, environment.clock(), ids)));
      builds.onBuilt(autoSwitcher::consider);
      var locks = open(new LockManager(lockStore, lockQueue, lockFeed, ids));
      this.endpoint =
          new GrpcEndpoint(
              builds,
              switches,
              new IndexDoctor(switchStore, layout, files),
              watches,
              new WorkerStreams(board),
              new LockGrpcService(
                  locks,
                  new WritePermissions(
                      lockStore, lockQueue, forecast, config.get(Settings.RESOURCE_TYPES)),
                  lockFeed),
              new AdminGrpcService(state.backups(backupDirectory())),
              locks,
              requests,
              state.audit(),
              auditLog,
              layout,
              environment.clock(),
              ids,
              credentials(),
              new Authorization(buildStore, lockStore),
              metrics.registry(),
              traces == null ? null : traces.tracer(),
              endpointSettings());
      follow(
          "refuse incomplete requests",
          endpoint::refuseIncomplete,
          config.get(Settings.STREAM_OPENING).dividedBy(4).plusMillis(1));
      locks.start();
      autoSwitcher.start();
      endpoint.start();
      ready(Readiness.READY);
      open(new Rehearsal(
              config.get(Settings.DATA_DIR).resolve("rehearsal"),
              config.get(Settings.REHEARSE) ? REHEARSED_SWITCHES : 0))
          .start();
    } catch (IOException | RuntimeException e) {
      closeOpened();
      throw e;
    }
  }

  private GrpcEndpoint.Settings endpointSettings() throws IOException {
    return new GrpcEndpoint.Settings(
        config.get(Settings.LISTEN),
        config.get(Settings.AUTO_SWITCH),
        tls(),
        new GrpcEndpoint.Connections(
            config.get(Settings.MAX_MESSAGE_BYTES),
            config.get(Settings.MAX_STREAMS_PER_CONNECTION),
            config.get(Settings.MAX_CALLS_PER_CONNECTION),
            config.get(Settings.MAX_RESETS),
            config.get(Settings.MAX_CONNECTION_AGE),
            config.get(Settings.CONNECTION_GRACE),
            config.get(Settings.KEEP_ALIVE),
            config.get(Settings.MIN_KEEP_ALIVE)),
        config.get(Settings.MAX_STREAMS),
        config.get(Settings.MAX_CALLS),
        config.get(Settings.MAX_LOCK_WAITS),
        config.get(Settings.MAX_RUNNING_CALLS),
        config.get(Settings.MAX_REQUEST_BYTES),
        config.get(Settings.STREAM_OPENING),
        config.get(Settings.MAX_REPORTS_PER_SECOND));
  }

  private @Nullable TlsFiles tls() throws IOException {
    Path certificates = config.get(Settings.TLS_CERTIFICATES).orElse(null);
    if (certificates == null) {
      return null;
    }
    TlsFiles files =
        TlsFiles.open(
            certificates,
            config.get(Settings.TLS_KEY).orElseThrow(),
            config.get(Settings.TLS_CLIENT_AUTHORITIES),
            config.get(Settings.CREDENTIALS).isEmpty());
    follow("read certificates", files::refresh, config.get(Settings.RELOAD_INTERVAL));
    return files;
  }

  /** Whose credentials count. */
  private Credentials credentials() throws IOException {
    Path path = config.get(Settings.CREDENTIALS).orElse(null);
    if (path != null) {
      CredentialsFile file = CredentialsFile.open(path);
      follow("read credentials", file::refresh, config.get(Settings.RELOAD_INTERVAL));
      return file;
    }
    if (config.get(Settings.TLS_CLIENT_AUTHORITIES).isPresent()) {
      return Credentials.ANY_CERTIFICATE;
    }
    log.warn("nobody is asked who they are: whoever reaches this server may do everything");
    return Credentials.NOT_ASKED;
  }

  /** Has something done again and again on a thread of its own, which waits for nothing else. */
  private void follow(String what, Runnable task, Duration interval) {
    ScheduledExecutorService follower =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("follower").factory());
    open(follower::shutdownNow);
    repeat(follower, what, task, interval);
  }

  /** The port it listens on. */
  public int port() {
    return endpoint.port();
  }

  /** The builds as they are stored. */
  public BuildStore buildStore() {
    return buildStore;
  }

  /** The locks as they are stored. */
  public LockStore lockStore() {
    return lockStore;
  }

  /** The journal of switches as it is stored. */
  public SwitchStore switchStore() {
    return switchStore;
  }

  /** Stops: takes no new calls, waits for those under way, and closes the database. */
  @Override
  public void close() {
    ready(Readiness.DRAINING);
    endpoint.stop(config.get(Settings.DRAIN));
    closeOpened();
  }

  private void ready(Readiness readiness) {
    if (admin != null) {
      admin.become(readiness);
    }
  }

  /** The port of {@code /metrics} and its like; empty when there is none. */
  public OptionalInt adminPort() {
    return admin == null ? OptionalInt.empty() : OptionalInt.of(admin.port());
  }

  /** All builds that there ever were. */
  private Map<BuildState, Long> countBuilds() {
    return buildStore.list(new BuildFilter(null, null, Set.of()), Long.MAX_VALUE, 1).counts();
  }

  private void takeDirectories() throws IOException {
    var directories =
        new ArrayList<>(List.of(config.get(Settings.DATA_DIR), config.get(Settings.INDEX_ROOT)));
    if (!config.get(Settings.SERVE_ROOT).startsWith(config.get(Settings.INDEX_ROOT))) {
      directories.add(config.get(Settings.SERVE_ROOT));
    }
    for (Path directory : directories) {
      open(take(directory));
    }
  }

  /** Takes a directory for this process alone. */
  static OwnedDirectory take(Path directory) throws IOException {
    return OwnedDirectory.take(directory).orElseThrow(() -> new DirectoryInUseException(directory));
  }

  /** Where backups are while somebody reads them. */
  private Path backupDirectory() {
    return config.get(Settings.DATA_DIR).resolve("backup");
  }

  private Path stateDirectory() throws IOException {
    return Files.createDirectories(config.get(Settings.DATA_DIR).resolve("state"));
  }

  /**
   * Stores progress, looks after silent workers and deletes what is old, in the background. Stores
   * progress a last time when it is closed.
   */
  private AutoCloseable housekeeping(
      BuildLifecycle builds,
      RetentionSweeper sweeper,
      LogCompaction compaction,
      Requests requests,
      AuditLog auditLog) {
    ScheduledExecutorService executor =
        Executors.newScheduledThreadPool(2, Thread.ofPlatform().name("housekeeping-", 0).factory());
    repeat(executor, "store progress", builds::flushProgress, config.get(Settings.PROGRESS_FLUSH));
    repeat(executor, "delete old files", sweeper::sweep, config.get(Settings.SWEEP_INTERVAL));
    executor.execute(guarded("complete old audit entries", auditLog::recover));
    repeat(executor, "write the audit log", auditLog::flush, config.get(Settings.PROGRESS_FLUSH));
    repeat(
        executor, "forget old audit entries", auditLog::sweep, config.get(Settings.SWEEP_INTERVAL));
    repeat(executor, "forget old requests", requests::sweep, config.get(Settings.SWEEP_INTERVAL));
    repeat(
        executor,
        "look after silent workers",
        () -> builds.checkLeases(config.get(Settings.LEASE), config.get(Settings.STALE_LIMIT)),
        config.get(Settings.PROGRESS_FLUSH));
    repeat(
        executor,
        "forget old events",
        () -> compaction.run(config.get(Settings.KEEP_EVENTS), config.get(Settings.KEEP_LOG)),
        config.get(Settings.SWEEP_INTERVAL));
    return () -> {
      executor.shutdown();
      executor.awaitTermination(config.get(Settings.DRAIN).toMillis(), TimeUnit.MILLISECONDS);
      builds.flushProgress();
      auditLog.flush();
    };
  }

  private AuditLog auditLog(StateStore state, InstantSource clock) throws IOException {
    Path path = config.get(Settings.AUDIT_LOG).orElse(null);
    AuditFile file = path == null ? null : open(AuditFile.open(path));
    return new AuditLog(state.audit(), file, config.get(Settings.AUDIT_RETENTION), clock);
  }

  /** Does something again and again: what failed is tried again by the next round. */
  private static void repeat(
      ScheduledExecutorService executor, String what, Runnable task, Duration interval) {
    var _ =
        executor.scheduleWithFixedDelay(
            guarded(what, task), interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** The top of the housekeeping threads: a failure is logged. */
  private static Runnable guarded(String what, Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        log.error("could not {}", what, e);
      }
    };
  }

  private <T extends AutoCloseable> T open(T part) {
    opened.push(part);
    return part;
  }

  private void closeOpened() {
    while (!opened.isEmpty()) {
      AutoCloseable part = opened.pop();
      try {
        part.close();
      } catch (Exception e) { // the rest has to be closed whatever this one threw
        log.error("{} did not close", part.getClass().getSimpleName(), e);
      }
    }
  }
}
