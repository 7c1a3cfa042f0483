package io.shadowindex.server.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of a server.
 *
 * @param listen address to listen on; port 0 picks a free one
 * @param dataDir absolute; holds the database
 * @param indexRoot absolute; holds builds and live links
 * @param retention how long replaced generations (with {@code backup_current}) and failed builds
 *     keep their files
 * @param keepGenerations how many replaced generations of each index (with {@code backup_current})
 *     keep their files however old they are
 * @param grace how long a replaced generation keeps its files without {@code backup_current}
 * @param tolerance how far record count and size may be from the live generation's, as a fraction
 *     of it
 * @param progressFlush how old progress may be when a crash takes what is in memory
 * @param sweepInterval how often files that may go are deleted
 * @param rehearsedSwitches how many switches of a throw-away index warm up the process in the
 *     background after its start; 0 for none
 * @param drain how long the end of running calls is waited for at a shutdown
 */
public record ServerConfig(
    InetSocketAddress listen,
    Path dataDir,
    Path indexRoot,
    Duration retention,
    int keepGenerations,
    Duration grace,
    double tolerance,
    Duration progressFlush,
    Duration sweepInterval,
    int rehearsedSwitches,
    Duration drain) {

  private static final int REHEARSED_SWITCHES = 200;

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
        Duration.ofHours(24),
        2,
        Duration.ofMinutes(1),
        0.5,
        Duration.ofMillis(200),
        Duration.ofSeconds(10),
        rehearsedSwitches,
        Duration.ofSeconds(30));
  }

  /**
   * Parses what the command line and the environment say.
   *
   * @param listen {@code HOST:PORT}
   * @param indexRoot null for {@code index} in the data directory
   * @param rehearse whether to warm up in the background
   * @param allowPlaintext whether to listen on an address that others can reach, without encryption
   */
  public static ServerConfig parse(
      String listen,
      String dataDir,
      @Nullable String indexRoot,
      boolean rehearse,
      boolean allowPlaintext)
      throws InvalidConfigException {
    var errors = new ArrayList<String>();
    InetSocketAddress address = parseListen(listen, allowPlaintext, errors);
    Path data = parseDirectory("--data-dir", dataDir, errors);
    Path root =
        indexRoot == null
            ? data.resolve("index")
            : parseDirectory("--index-root", indexRoot, errors);
    if (root.equals(data)) {
      errors.add(
          "--index-root %s: must not be the data directory itself, a directory in it will do"
              .formatted(indexRoot));
    }
    if (!errors.isEmpty()) {
      throw new InvalidConfigException(errors);
    }
    return of(address, data, root, rehearse ? REHEARSED_SWITCHES : 0);
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
