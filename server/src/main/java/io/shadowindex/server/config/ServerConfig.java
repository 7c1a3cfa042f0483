package io.shadowindex.server.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of a server.
 *
 * @param listen address to listen on; port 0 picks a free one
 * @param dataDir absolute; holds the database
 * @param indexRoot absolute; holds builds and live links
 * @param serveRoot absolute; holds the copies that COPY_AND_REPLACE makes, may be on another volume
 * @param retention how long replaced generations (with {@code backup_current}) and failed builds
 *     keep their files
 * @param keepGenerations how many replaced generations of each index (with {@code backup_current})
 *     keep their files however old they are
 * @param grace how long a replaced generation keeps its files without {@code backup_current}
 * @param tolerance how far record count and size may be from the live generation's, as a fraction
 *     of it
 * @param probeMaxSlowdown how many times as long as before probe queries may take; 0 for any time,
 *     else 1 or more
 * @param autoSwitch whether builds that do not say are switched to when they are complete
 * @param progressFlush how old progress may be when a crash takes what is in memory
 * @param sweepInterval how often files that may go are deleted
 * @param rehearsedSwitches how many switches of a throw-away index warm up the process in the
 *     background after its start; 0 for none
 * @param drain how long the end of running calls is waited for at a shutdown
 * @param audit where the audit log goes and how long it is kept
 * @param maxBuilds how many builds may be unfinished at a time
 * @param maxBuildsPerBranch how many of them in one branch
 * @param resourceTypes those that every branch is known to have, besides what builds and locks name
 * @param streams what watches and workers may do, and how much of the log is kept for them
 */
public record ServerConfig(
    InetSocketAddress listen,
    Path dataDir,
    Path indexRoot,
    Path serveRoot,
    Duration retention,
    int keepGenerations,
    Duration grace,
    double tolerance,
    double probeMaxSlowdown,
    boolean autoSwitch,
    Duration progressFlush,
    Duration sweepInterval,
    int rehearsedSwitches,
    Duration drain,
    Audit audit,
    int maxBuilds,
    int maxBuildsPerBranch,
    List<String> resourceTypes,
    StreamConfig streams) {

  private static final int REHEARSED_SWITCHES = 200;
  private static final int LONGEST_NAME_BYTES = 255;
  private static final Duration GRACE = Duration.ofMinutes(1);
  private static final Duration PROGRESS_FLUSH = Duration.ofMillis(200);
  private static final Duration SWEEP_INTERVAL = Duration.ofSeconds(10);
  private static final Duration DRAIN = Duration.ofSeconds(30);

  public ServerConfig {
    resourceTypes = List.copyOf(resourceTypes);
  }

  /**
   * The audit log.
   *
   * @param file absolute; where entries are appended to as JSON lines; null for nowhere
   * @param retention how long entries are kept in the database
   */
  public record Audit(@Nullable Path file, Duration retention) {
    static final Audit DEFAULT = new Audit(null, Duration.ofDays(90));
  }

  /** Everything that is wrong with a configuration, one sentence each. */
  public static final class InvalidConfigException extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient List<String> errors;

    InvalidConfigException(List<String> errors) {
      super(String.join("; ", errors));
      this.errors = List.copyOf(errors);
    }

    public List<String> errors() {
      return errors;
    }
  }

  /** A configuration with the defaults for everything else, and without a rehearsal. */
  public static ServerConfig of(InetSocketAddress listen, Path dataDir, Path indexRoot) {
    return of(listen, dataDir, indexRoot, 0);
  }

  private static ServerConfig of(
      InetSocketAddress listen, Path dataDir, Path indexRoot, int rehearsedSwitches) {
    return new ServerConfig(
        listen,
        dataDir,
        indexRoot,
        indexRoot.resolve("serve"),
        Duration.ofHours(24),
        2,
        GRACE,
        0.5,
        0,
        false,
        PROGRESS_FLUSH,
        SWEEP_INTERVAL,
        rehearsedSwitches,
        DRAIN,
        Audit.DEFAULT,
        1000,
        100,
        List.of(),
        StreamConfig.DEFAULT);
  }

  /**
   * What the command line and the environment say.
   *
   * @param listen {@code HOST:PORT}
   * @param indexRoot null for {@code index} in the data directory
   * @param serveRoot null for {@code serve} in the index root
   * @param retention a number and {@code s}, {@code m}, {@code h} or {@code d}
   * @param rehearse whether to warm up in the background
   * @param allowPlaintext whether to listen on an address that others can reach, without encryption
   * @param auditLog null for no file
   * @param auditRetention as retention
   * @param resourceTypes names with commas between them; null for none
   */
  public record Given(
      String listen,
      String dataDir,
      @Nullable String indexRoot,
      @Nullable String serveRoot,
      String retention,
      int keepGenerations,
      double tolerance,
      double probeMaxSlowdown,
      boolean autoSwitch,
      boolean rehearse,
      boolean allowPlaintext,
      @Nullable String auditLog,
      String auditRetention,
      int maxBuilds,
      int maxBuildsPerBranch,
      @Nullable String resourceTypes,
      GivenStreams streams) {}

  /**
   * What is said of streams; times are a number and {@code s}, {@code m}, {@code h} or {@code d}.
   */
  public record GivenStreams(
      String lease,
      String staleLimit,
      String keepLog,
      long keepEvents,
      int maxStreams,
      int maxStreamsPerConnection) {}

  /** Parses what was given, or says all that is wrong with it. */
  public static ServerConfig parse(Given given) throws InvalidConfigException {
    var errors = new ArrayList<String>();
    InetSocketAddress address = parseListen(given.listen(), given.allowPlaintext(), errors);
    Path data = parseDirectory("--data-dir", given.dataDir(), errors);
    Path root =
        given.indexRoot() == null
            ? data.resolve("index")
            : parseDirectory("--index-root", given.indexRoot(), errors);
    Path serve =
        given.serveRoot() == null
            ? root.resolve("serve")
            : parseDirectory("--serve-root", given.serveRoot(), errors);
    if (root.equals(data)) {
      errors.add(
          "--index-root %s: must not be the data directory itself, a directory in it will do"
              .formatted(given.indexRoot()));
    }
    if (serve.equals(data) || root.startsWith(serve)) {
      errors.add(
          "--serve-root %s: must neither be the data directory nor hold the index root"
              .formatted(given.serveRoot()));
    }
    Duration retention = parseDuration("--retention", given.retention(), errors);
    if (given.keepGenerations() < 0) {
      errors.add("--keep-generations %d: must be 0 or more".formatted(given.keepGenerations()));
    }
    if (!(given.tolerance() >= 0 && given.tolerance() <= 1)) {
      errors.add("--tolerance %s: must be 0 to 1".formatted(given.tolerance()));
    }
    double slowdown = given.probeMaxSlowdown();
    if (!(slowdown == 0 || (slowdown >= 1 && slowdown < Double.POSITIVE_INFINITY))) {
      errors.add("--probe-max-slowdown %s: must be 0, or 1 or more".formatted(slowdown));
    }
    if (given.maxBuilds() < 1) {
      errors.add("--max-builds %d: must be 1 or more".formatted(given.maxBuilds()));
    }
    if (given.maxBuildsPerBranch() < 1) {
      errors.add(
          "--max-builds-per-branch %d: must be 1 or more".formatted(given.maxBuildsPerBranch()));
    }
    var audit =
        new Audit(
            given.auditLog() == null ? null : parseFile("--audit-log", given.auditLog(), errors),
            parseDuration("--audit-retention", given.auditRetention(), errors));
    List<String> resourceTypes = parseNames("--resource-types", given.resourceTypes(), errors);
    StreamConfig streams = parseStreams(given.streams(), errors);
    if (!errors.isEmpty()) {
      throw new InvalidConfigException(errors);
    }
    return new ServerConfig(
        address,
        data,
        root,
        serve,
        retention,
        given.keepGenerations(),
        GRACE,
        given.tolerance(),
        given.probeMaxSlowdown(),
        given.autoSwitch(),
        PROGRESS_FLUSH,
        SWEEP_INTERVAL,
        given.rehearse() ? REHEARSED_SWITCHES : 0,
        DRAIN,
        audit,
        given.maxBuilds(),
        given.maxBuildsPerBranch(),
        resourceTypes,
        streams);
  }

  private static StreamConfig parseStreams(GivenStreams given, List<String> errors) {
    Duration lease = parseDuration("--lease", given.lease(), errors);
    Duration staleLimit = parseDuration("--stale-limit", given.staleLimit(), errors);
    Duration keepLog = parseDuration("--keep-log", given.keepLog(), errors);
    if (lease.isZero()) {
      errors.add("--lease %s: must be 1s or more".formatted(given.lease()));
    }
    if (staleLimit.compareTo(lease) < 0) {
      errors.add("--stale-limit %s: must not be less than --lease".formatted(given.staleLimit()));
    }
    requirePositive("--keep-events", given.keepEvents(), errors);
    requirePositive("--max-streams", given.maxStreams(), errors);
    requirePositive("--max-streams-per-connection", given.maxStreamsPerConnection(), errors);
    return new StreamConfig(
        lease,
        staleLimit,
        keepLog,
        given.keepEvents(),
        given.maxStreams(),
        given.maxStreamsPerConnection(),
        StreamConfig.DEFAULT.opening(),
        StreamConfig.DEFAULT.reportsPerSecond());
  }

  /** Names by the rule for names in the contract, and none of them with a comma. */
  private static List<String> parseNames(String flag, @Nullable String text, List<String> errors) {
    if (text == null) {
      return List.of();
    }
    List<String> names = List.of(text.split(",", -1));
    for (String name : names) {
      if (!name.matches("[^\\x00-\\x1f\\x7f]+")
          || !name.equals(name.strip())
          || name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME_BYTES) {
        errors.add(
            "%s %s: must be names of 1 to 255 bytes with only commas between them"
                .formatted(flag, text));
        return List.of();
      }
    }
    return names;
  }

  private static void requirePositive(String flag, long value, List<String> errors) {
    if (value < 1) {
      errors.add("%s %d: must be 1 or more".formatted(flag, value));
    }
  }

  private static Duration parseDuration(String flag, String text, List<String> errors) {
    if (text.matches("[0-9]{1,9}[smhd]")) {
      String upper = text.toUpperCase(Locale.ROOT);
      return Duration.parse(upper.endsWith("D") ? "P" + upper : "PT" + upper);
    }
    errors.add("%s %s: must be a number and s, m, h or d, as 24h".formatted(flag, text));
    return Duration.ZERO;
  }

  private static InetSocketAddress parseListen(
      String listen, boolean allowPlaintext, List<String> errors) {
    int colon = listen.lastIndexOf(':');
    String host = colon < 0 ? listen : listen.substring(0, colon);
    int port = colon < 0 ? -1 : parsePort(listen.substring(colon + 1));
    if (host.isEmpty() || port < 0) {
      errors.add("--listen %s: must be HOST:PORT with a port of 0 to 65535".formatted(listen));
      return new InetSocketAddress(0);
    }
    try {
      var address = new InetSocketAddress(InetAddress.getByName(host), port);
      if (!address.getAddress().isLoopbackAddress() && !allowPlaintext) {
        errors.add(
            "--listen %s: others can reach this address and the connection is not encrypted; listen"
                    .formatted(listen)
                + " on 127.0.0.1 or add --allow-plaintext");
      }
      return address;
    } catch (UnknownHostException e) {
      errors.add("--listen %s: there is no host of that name".formatted(listen));
      return new InetSocketAddress(0);
    }
  }

  private static int parsePort(String text) {
    try {
      int port = Integer.parseInt(text);
      return port <= 65_535 ? port : -1;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** A file that can be in its directory, there or not. */
  private static Path parseFile(String flag, String text, List<String> errors) {
    try {
      Path path = Path.of(text).toAbsolutePath().normalize();
      Path directory = path.getParent();
      if (text.isEmpty() || Files.isDirectory(path)) {
        errors.add("%s %s: must be a file".formatted(flag, text));
      } else if (directory == null || !Files.isDirectory(directory)) {
        errors.add("%s %s: its directory does not exist".formatted(flag, text));
      }
      return path;
    } catch (InvalidPathException e) {
      errors.add("%s %s: is not a path".formatted(flag, text));
      return Path.of("/");
    }
  }

  private static Path parseDirectory(String flag, String text, List<String> errors) {
    try {
      Path path = Path.of(text).toAbsolutePath().normalize();
      if (text.isEmpty()) {
        errors.add(flag + ": must not be empty");
      } else if (Files.exists(path) && !Files.isDirectory(path)) {
        errors.add("%s %s: is not a directory".formatted(flag, text));
      }
      return path;
    } catch (InvalidPathException e) {
      errors.add("%s %s: is not a path".formatted(flag, text));
      return Path.of("/");
    }
  }
}
