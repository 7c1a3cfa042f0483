package io.shadowindex.server.config;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * All settings of a server. Flags, environment variables, the keys of the file, {@code --help} and
 * docs/configuration.md follow from this table; what is written here is all there is to a new one.
 */
public final class Settings {

  private static final List<Setting<?>> ALL = new ArrayList<>();

  private static final Kind<Integer> COUNT = Kind.wholeNumber(1, Integer.MAX_VALUE);
  private static final Kind<Duration> TIME = Kind.time(Duration.ZERO);
  private static final Kind<Duration> INTERVAL = Kind.time(Duration.ofMillis(1));

  public static final Setting<InetSocketAddress> LISTEN =
      setting("listen", Kind.ADDRESS, "127.0.0.1:50051", "Address to listen on; port 0 picks one.");

  public static final Setting<Boolean> ALLOW_PLAINTEXT =
      setting(
          "allow-plaintext",
          Kind.SWITCH,
          "false",
          "Listen without encryption on addresses that others can reach, `listen` (without"
              + " credentials everybody there may do everything) and `admin-listen`.");

  public static final Setting<Optional<Path>> TLS_CERTIFICATES =
      file(
          "tls-certificates",
          "(plaintext)",
          "The server's certificate and those that lead to its authority, as PEM.");

  public static final Setting<Optional<Path>> TLS_KEY =
      file(
          "tls-key",
          "(plaintext)",
          "The key of that certificate, as PEM (PKCS #8, not encrypted). New files count when key and"
              + " certificate fit.");

  public static final Setting<Optional<Path>> TLS_CLIENT_AUTHORITIES =
      file(
          "tls-client-authorities",
          "(clients need no certificate)",
          "The authorities whose client certificates are believed, as PEM. Without `credentials` every"
              + " client needs a certificate, and may then do everything.");

  public static final Setting<Optional<Path>> CREDENTIALS =
      file(
          "credentials",
          "(nobody is asked)",
          "Whose a token or client certificate is, and what they may do; see security.md.");

  public static final Setting<Duration> RELOAD_INTERVAL =
      setting(
          "reload-interval",
          INTERVAL,
          "10s",
          "How often files of certificates and credentials are looked at for changes.");

  public static final Setting<Optional<InetSocketAddress>> ADMIN_LISTEN =
      setting(
          "admin-listen",
          Kind.OPTIONAL_ADDRESS,
          "(no address)",
          _ -> Optional.empty(),
          "Address of a plain HTTP server with /metrics for Prometheus, /livez and /readyz; for the"
              + " machines of operators only. Port 0 picks one; what others can reach needs"
              + " `allow-plaintext`.");

  public static final Setting<Path> DATA_DIR =
      setting("data-dir", Kind.DIRECTORY, "data", "Where the state is kept.");

  public static final Setting<Path> INDEX_ROOT =
      setting(
          "index-root",
          Kind.DIRECTORY,
          "(index in the data directory)",
          config -> config.get(DATA_DIR).resolve("index"),
          "Where builds and live links are.");

  public static final Setting<Path> SERVE_ROOT =
      setting(
          "serve-root",
          Kind.DIRECTORY,
          "(serve in the index root)",
          config -> config.get(INDEX_ROOT).resolve("serve"),
          "Where COPY_AND_REPLACE copies to, best on the volume that readers read from.");

  public static final Setting<Duration> RETENTION =
      setting(
          "retention",
          TIME,
          "24h",
          "How long superseded generations and failed builds keep their files.");

  public static final Setting<Integer> KEEP_GENERATIONS =
      setting(
          "keep-generations",
          Kind.wholeNumber(0, Integer.MAX_VALUE),
          "2",
          "How many superseded generations of an index keep their files however old they are.");

  public static final Setting<Duration> GRACE =
      setting(
          "grace",
          TIME,
          "60s",
          "How long a generation keeps its files that was superseded without `backup_current`, so"
              + " that readers that have it open can end.");

  public static final Setting<Double> TOLERANCE =
      setting(
          "tolerance",
          Kind.number("FRACTION", "0 to 1", number -> number >= 0 && number <= 1),
          "0.5",
          "How far count and size of a build may be from the live generation's; a request may be"
              + " stricter.");

  public static final Setting<Double> PROBE_MAX_SLOWDOWN =
      setting(
          "probe-max-slowdown",
          Kind.number(
              "FACTOR",
              "0, or 1 or more",
              number -> number == 0 || (number >= 1 && number < Double.POSITIVE_INFINITY)),
          "0",
          "How many times as long as before a build's probe queries may take: a build that is slower"
              + " is not switched to, and rolled back when it turns out afterwards; 0 only"
              + " measures.");

  public static final Setting<Boolean> AUTO_SWITCH =
      setting(
          "auto-switch",
          Kind.SWITCH,
          "false",
          "Switch to builds when they are complete, keeping what they replace, unless they say"
              + " otherwise.");

  public static final Setting<Integer> MAX_BUILDS =
      setting(
          "max-builds",
          COUNT,
          "1000",
          "How many builds may be unfinished at a time; others are refused.");

  public static final Setting<Integer> MAX_BUILDS_PER_BRANCH =
      setting("max-builds-per-branch", COUNT, "100", "How many of them in one branch.");

  public static final Setting<List<String>> RESOURCE_TYPES =
      setting(
          "resource-types",
          Kind.NAMES,
          "(none)",
          _ -> List.of(),
          "Resource types that every branch has, besides those of its builds and locks: what a writer"
              + " that is kept out is told it can write to instead.");

  public static final Setting<Duration> LEASE =
      setting(
          "lease",
          Kind.time(Duration.ofSeconds(1)),
          "60s",
          "How long a worker may be silent before its build counts as stalled and may be claimed by"
              + " another.");

  public static final Setting<Duration> STALE_LIMIT =
      setting(
          "stale-limit",
          TIME,
          "6h",
          "How long all workers of a build may be silent before it is FAILED; not less than the"
              + " lease.");

  public static final Setting<Duration> KEEP_LOG =
      setting("keep-log", TIME, "7d", "How long events are kept for watches that resume.");

  public static final Setting<Integer> KEEP_EVENTS =
      setting("keep-events", COUNT, "1000000", "How many events are kept at most.");

  public static final Setting<Integer> MAX_STREAMS =
      setting("max-streams", COUNT, "10000", "How many watches and worker streams there may be.");

  public static final Setting<Integer> MAX_STREAMS_PER_CONNECTION =
      setting(
          "max-streams-per-connection",
          Kind.wholeNumber(1, 1_000_000),
          "90",
          "How many of them in one connection.");

  public static final Setting<Integer> MAX_CALLS_PER_CONNECTION =
      setting(
          "max-calls-per-connection",
          Kind.wholeNumber(1, 1_000_000),
          "10",
          "How many other calls fit into a connection beside as many streams; clients that know how"
              + " wait with the next one.");

  public static final Setting<Integer> MAX_CALLS =
      setting(
          "max-calls",
          COUNT,
          "10000",
          "How many calls other than streams may be under way; more are refused.");

  public static final Setting<Integer> MAX_LOCK_WAITS =
      setting("max-lock-waits", COUNT, "1000", "How many of these may wait for a lock.");

  public static final Setting<Integer> MAX_LOCKS =
      setting("max-locks", COUNT, "10000", "How many locks may be held; more are refused.");

  public static final Setting<Integer> MAX_RUNNING_CALLS =
      setting(
          "max-running-calls",
          COUNT,
          "32",
          "How many calls run at a time, not counting streams, waits for locks and what works on all"
              + " files of a build. The others wait, and connections take turns, so that one with many"
              + " calls does not delay the others.");

  public static final Setting<Integer> MAX_MESSAGE_BYTES =
      setting(
          "max-message-bytes",
          Kind.wholeNumber(64 << 10, 64 << 20),
          "1048576",
          "The largest request.");

  public static final Setting<Integer> MAX_REQUEST_BYTES =
      setting(
          "max-request-bytes",
          Kind.wholeNumber(64 << 10, Integer.MAX_VALUE),
          "67108864",
          "How large requests may be together: those of all calls under way, but for reports on"
              + " worker streams, and what has come of those that are not whole; more are refused."
              + " Not less than the largest request.");

  public static final Setting<Integer> MAX_RESETS =
      setting(
          "max-resets",
          COUNT,
          "1000",
          "How many calls of a connection its client may break off within 10 seconds; it is closed"
              + " then.");

  public static final Setting<Duration> MAX_CONNECTION_AGE =
      setting(
          "max-connection-age",
          Kind.time(Duration.ofSeconds(1)),
          "24h",
          "After how long a connection takes no new calls, so that its client opens another and proves"
              + " again who it is.");

  public static final Setting<Duration> CONNECTION_GRACE =
      setting(
          "connection-grace", TIME, "2h", "For how long the calls of such a connection may go on.");

  public static final Setting<Duration> KEEP_ALIVE =
      setting(
          "keep-alive",
          Kind.time(Duration.ofSeconds(1)),
          "2m",
          "After how long without a sign of a client it is asked for one, and its connection closed"
              + " when there is none within 20 seconds.");

  public static final Setting<Duration> MIN_KEEP_ALIVE =
      setting(
          "min-keep-alive",
          TIME,
          "10s",
          "How often a client may ask for a sign of the server; the connections of those that ask more"
              + " often are closed.");

  public static final Setting<Duration> STREAM_OPENING =
      setting(
          "stream-opening",
          INTERVAL,
          "10s",
          "How long a worker's stream may be open before its first report, and any other call before"
              + " its request is complete.");

  public static final Setting<Integer> MAX_REPORTS_PER_SECOND =
      setting(
          "max-reports-per-second",
          COUNT,
          "250000",
          "How many reports one worker's stream may bring in a second.");

  public static final Setting<LogFormat> LOG_FORMAT =
      setting(
          "log-format",
          Kind.oneOf(LogFormat.class),
          "text",
          "What the log on standard error looks like: lines for people, or one JSON object a line.");

  public static final Setting<Optional<URI>> OTLP_ENDPOINT =
      setting(
          "otlp-endpoint",
          Kind.OPTIONAL_URL,
          "(no traces)",
          _ -> Optional.empty(),
          "Send traces of calls and of the steps of switches to the OpenTelemetry collector at this"
              + " URL, in OTLP over HTTP, as http://127.0.0.1:4318; /v1/traces is added.");

  public static final Setting<Double> TRACE_RATIO =
      setting(
          "trace-ratio",
          Kind.number("FRACTION", "0 to 1", number -> number >= 0 && number <= 1),
          "1",
          "How many of the traces that begin here are recorded; clients decide about those that they"
              + " begin.");

  public static final Setting<Optional<Path>> AUDIT_LOG =
      setting(
          "audit-log",
          Kind.NEW_FILE,
          "(no file)",
          _ -> Optional.empty(),
          "Append who changed what, or was refused to, to this file as JSON lines, besides keeping it"
              + " in the state.");

  public static final Setting<Duration> AUDIT_RETENTION =
      setting("audit-retention", TIME, "90d", "How long the state keeps who changed what.");

  public static final Setting<Boolean> REHEARSE =
      setting(
          "rehearse",
          Kind.SWITCH,
          "true",
          "Switch a throw-away index some 200 times in the background after the start, so that the"
              + " first real switch is as short as later ones.");

  public static final Setting<Duration> PROGRESS_FLUSH =
      setting(
          "progress-flush",
          INTERVAL,
          "200ms",
          "How often progress and audit entries that are in memory are stored: how much of them a"
              + " crash may take.");

  public static final Setting<Duration> SWEEP_INTERVAL =
      setting(
          "sweep-interval",
          INTERVAL,
          "10s",
          "How often files and entries that may go are deleted.");

  public static final Setting<Duration> DRAIN =
      setting(
          "drain", TIME, "30s", "How long a server that is told to stop waits for running calls.");

  private Settings() {}

  /** In the order in which they are documented. */
  public static List<Setting<?>> all() {
    return List.copyOf(ALL);
  }

  /** A file to read, which may be left out. */
  private static Setting<Optional<Path>> file(String name, String defaultText, String description) {
    return setting(name, Kind.FILE, defaultText, _ -> Optional.empty(), description);
  }

  private static <T> Setting<T> setting(
      String name, Kind<T> kind, String defaultText, String description) {
    return setting(name, kind, defaultText, _ -> kind.reader().read(defaultText), description);
  }

  private static <T> Setting<T> setting(
      String name,
      Kind<T> kind,
      String defaultText,
      Function<ServerConfig, T> defaultValue,
      String description) {
    var setting = new Setting<>(name, kind, defaultText, defaultValue, description);
    ALL.add(setting);
    return setting;
  }
}
