package io.shadowindex.server;

import io.shadowindex.server.ShadowIndexServer.DirectoryInUseException;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.ServerConfig.InvalidConfigException;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code shadowindex-server}. */
@Command(
    name = "shadowindex-server",
    mixinStandardHelpOptions = true,
    version = "ShadowIndex 0.1.0",
    subcommands = RestoreCommand.class,
    description = "Rebuilds indexes beside the live ones and switches to them in milliseconds.",
    footer = {
      "",
      "Prints 'listening on HOST:PORT' once it answers. SIGTERM lets running calls end and exits with 0;",
      "a kill loses nothing that was acknowledged.",
      "",
      "SHADOWINDEX_PLUGINS names a directory whose jars come onto the class path: further index formats.",
      "SHADOWINDEX_JAVA_OPTS holds further options of the JVM."
    })
public final class Main implements Callable<Integer> {

  private static final int EXIT_FAILED = 1;
  private static final int EXIT_USAGE = 2;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      defaultValue = "${env:SHADOWINDEX_LISTEN:-127.0.0.1:50051}",
      description =
          "Address to listen on; port 0 picks one. SHADOWINDEX_LISTEN. (${DEFAULT-VALUE})")
  private String listen = "";

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      defaultValue = "${env:SHADOWINDEX_DATA_DIR:-data}",
      description = "Where the state is kept. SHADOWINDEX_DATA_DIR. (${DEFAULT-VALUE})")
  private String dataDir = "";

  @Option(
      names = "--index-root",
      paramLabel = "DIR",
      defaultValue = "${env:SHADOWINDEX_INDEX_ROOT}",
      description =
          "Where builds and live links are. SHADOWINDEX_INDEX_ROOT. (index in the data directory)")
  private @Nullable String indexRoot;

  @Option(
      names = "--serve-root",
      paramLabel = "DIR",
      defaultValue = "${env:SHADOWINDEX_SERVE_ROOT}",
      description =
          "Where COPY_AND_REPLACE copies to, best on the volume that readers read from."
              + " SHADOWINDEX_SERVE_ROOT. (serve in the index root)")
  private @Nullable String serveRoot;

  @Option(
      names = "--retention",
      paramLabel = "TIME",
      defaultValue = "${env:SHADOWINDEX_RETENTION:-24h}",
      description =
          "How long superseded generations and failed builds keep their files, as 90m, 24h or 7d."
              + " SHADOWINDEX_RETENTION. (${DEFAULT-VALUE})")
  private String retention = "";

  @Option(
      names = "--keep-generations",
      paramLabel = "N",
      defaultValue = "${env:SHADOWINDEX_KEEP_GENERATIONS:-2}",
      description =
          "How many superseded generations of an index keep their files however old they are."
              + " SHADOWINDEX_KEEP_GENERATIONS. (${DEFAULT-VALUE})")
  private int keepGenerations;

  @Option(
      names = "--tolerance",
      paramLabel = "FRACTION",
      defaultValue = "${env:SHADOWINDEX_TOLERANCE:-0.5}",
      description =
          "How far count and size of a build may be from the live generation's, 0 to 1; a request"
              + " may be stricter. SHADOWINDEX_TOLERANCE. (${DEFAULT-VALUE})")
  private double tolerance;

  @Option(
      names = "--probe-max-slowdown",
      paramLabel = "FACTOR",
      defaultValue = "${env:SHADOWINDEX_PROBE_MAX_SLOWDOWN:-0}",
      description =
          "How many times as long as before a build's probe queries may take, 1 or more: a build that"
              + " is slower is not switched to, and rolled back when it turns out afterwards; 0 only"
              + " measures. SHADOWINDEX_PROBE_MAX_SLOWDOWN. (${DEFAULT-VALUE})")
  private double probeMaxSlowdown;

  @Option(
      names = "--auto-switch",
      paramLabel = "BOOL",
      arity = "1",
      defaultValue = "${env:SHADOWINDEX_AUTO_SWITCH:-false}",
      description =
          "Switch to builds when they are complete, unless they say otherwise."
              + " SHADOWINDEX_AUTO_SWITCH. (${DEFAULT-VALUE})")
  private boolean autoSwitch;

  @Option(
      names = "--rehearse",
      paramLabel = "BOOL",
      arity = "1",
      defaultValue = "${env:SHADOWINDEX_REHEARSE:-true}",
      description =
          "Switch a throw-away index some 200 times in the background after the start, so that the"
              + " first real switch is as short as later ones. SHADOWINDEX_REHEARSE."
              + " (${DEFAULT-VALUE})")
  private boolean rehearse;

  @Option(
      names = "--allow-plaintext",
      paramLabel = "BOOL",
      arity = "0..1",
      fallbackValue = "true",
      defaultValue = "${env:SHADOWINDEX_ALLOW_PLAINTEXT:-false}",
      description =
          "Listen without encryption on an address that others can reach."
              + " SHADOWINDEX_ALLOW_PLAINTEXT. (${DEFAULT-VALUE})")
  private boolean allowPlaintext;

  @Option(
      names = "--audit-log",
      paramLabel = "FILE",
      defaultValue = "${env:SHADOWINDEX_AUDIT_LOG}",
      description =
          "Append who changed what, or was refused to, to this file as JSON lines, besides keeping it"
              + " in the state. SHADOWINDEX_AUDIT_LOG. (no file)")
  private @Nullable String auditLog;

  @Option(
      names = "--audit-retention",
      paramLabel = "TIME",
      defaultValue = "${env:SHADOWINDEX_AUDIT_RETENTION:-90d}",
      description =
          "How long the state keeps who changed what. SHADOWINDEX_AUDIT_RETENTION."
              + " (${DEFAULT-VALUE})")
  private String auditRetention = "";

  @Option(
      names = "--max-builds",
      paramLabel = "N",
      defaultValue = "${env:SHADOWINDEX_MAX_BUILDS:-1000}",
      description =
          "How many builds may be unfinished at a time; others are refused. SHADOWINDEX_MAX_BUILDS."
              + " (${DEFAULT-VALUE})")
  private int maxBuilds;

  @Option(
      names = "--max-builds-per-branch",
      paramLabel = "N",
      defaultValue = "${env:SHADOWINDEX_MAX_BUILDS_PER_BRANCH:-100}",
      description =
          "How many of them in one branch. SHADOWINDEX_MAX_BUILDS_PER_BRANCH. (${DEFAULT-VALUE})")
  private int maxBuildsPerBranch;

  @Option(
      names = "--resource-types",
      paramLabel = "NAMES",
      defaultValue = "${env:SHADOWINDEX_RESOURCE_TYPES}",
      description =
          "Resource types of every branch, with commas between them, to offer to those who cannot write"
              + " to another one; besides those that builds and locks name. SHADOWINDEX_RESOURCE_TYPES."
              + " (none)")
  private @Nullable String resourceTypes;

  @Option(
      names = "--lease",
      paramLabel = "TIME",
      defaultValue = "${env:SHADOWINDEX_LEASE:-60s}",
      description =
          "How long a worker may be silent before its build counts as stalled and may be claimed by"
              + " another. SHADOWINDEX_LEASE. (${DEFAULT-VALUE})")
  private String lease = "";

  @Option(
      names = "--stale-limit",
      paramLabel = "TIME",
      defaultValue = "${env:SHADOWINDEX_STALE_LIMIT:-6h}",
      description =
          "How long all workers of a build may be silent before it is FAILED. SHADOWINDEX_STALE_LIMIT."
              + " (${DEFAULT-VALUE})")
  private String staleLimit = "";

  @Option(
      names = "--keep-log",
      paramLabel = "TIME",
      defaultValue = "${env:SHADOWINDEX_KEEP_LOG:-7d}",
      description =
          "How long events are kept for watches that resume. SHADOWINDEX_KEEP_LOG."
              + " (${DEFAULT-VALUE})")
  private String keepLog = "";

  @Option(
      names = "--keep-events",
      paramLabel = "N",
      defaultValue = "${env:SHADOWINDEX_KEEP_EVENTS:-1000000}",
      description = "How many events are kept at most. SHADOWINDEX_KEEP_EVENTS. (${DEFAULT-VALUE})")
  private long keepEvents;

  @Option(
      names = "--max-streams",
      paramLabel = "N",
      defaultValue = "${env:SHADOWINDEX_MAX_STREAMS:-10000}",
      description =
          "How many watches and worker streams there may be. SHADOWINDEX_MAX_STREAMS."
              + " (${DEFAULT-VALUE})")
  private int maxStreams;

  @Option(
      names = "--max-streams-per-connection",
      paramLabel = "N",
      defaultValue = "${env:SHADOWINDEX_MAX_STREAMS_PER_CONNECTION:-90}",
      description =
          "How many of them in one connection; ten other calls fit in beside."
              + " SHADOWINDEX_MAX_STREAMS_PER_CONNECTION. (${DEFAULT-VALUE})")
  private int maxStreamsPerConnection;

  @Spec private @Nullable CommandSpec spec;

  /** Runs the server until it is told to stop. */
  public static void main(String[] arguments) {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    int exit = new CommandLine(new Main()).execute(arguments);
    if (exit != 0) {
      System.exit(exit);
    }
  }

  @Override
  public Integer call() {
    try {
      ServerConfig config =
          ServerConfig.parse(
              new ServerConfig.Given(
                  listen,
                  dataDir,
                  indexRoot,
                  serveRoot,
                  retention,
                  keepGenerations,
                  tolerance,
                  probeMaxSlowdown,
                  autoSwitch,
                  rehearse,
                  allowPlaintext,
                  auditLog,
                  auditRetention,
                  maxBuilds,
                  maxBuildsPerBranch,
                  resourceTypes,
                  new ServerConfig.GivenStreams(
                      lease,
                      staleLimit,
                      keepLog,
                      keepEvents,
                      maxStreams,
                      maxStreamsPerConnection)));
      serve(config);
      return 0;
    } catch (InvalidConfigException e) {
      e.errors().forEach(this::complain);
      return EXIT_USAGE;
    } catch (DirectoryInUseException e) {
      complain(e.getMessage());
      return EXIT_FAILED;
    } catch (IOException e) {
      LoggerFactory.getLogger(Main.class).debug("start failed", e);
      complain("cannot start: " + e);
      return EXIT_FAILED;
    }
  }

  private void serve(ServerConfig config) throws IOException {
    ShadowIndexServer server = ShadowIndexServer.start(config, Main::endProcess);
    var ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  server.close();
                  ended.countDown();
                  // The JVM would exit with 128 + the signal's number.
                  Runtime.getRuntime().halt(0);
                },
                "shutdown"));
    out("listening on %s:%d".formatted(config.listen().getHostString(), server.port()));
    awaitUninterruptibly(ended);
  }

  /** Ends the process at once: what is on disk decides at the next start. */
  private static void endProcess(Throwable cause) {
    LoggerFactory.getLogger(Main.class)
        .error("the disk failed; ending, a new start recovers", cause);
    Runtime.getRuntime().halt(EXIT_FAILED);
  }

  private void complain(@Nullable String message) {
    commandLine().getErr().println("shadowindex-server: " + message);
  }

  private void out(String line) {
    commandLine().getOut().println(line);
    commandLine().getOut().flush();
  }

  private CommandLine commandLine() {
    if (spec == null) {
      throw new IllegalStateException("picocli sets the spec before it calls");
    }
    return spec.commandLine();
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    while (true) {
      try {
        latch.await();
        return;
      } catch (InterruptedException e) {
        // Only a signal ends the server.
      }
    }
  }
}
