package io.shadowindex.server.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoublePredicate;

/**
 * What the values of a setting look like.
 *
 * @param label stands for the value in a synopsis
 * @param rule what a value is, after the words "must be"
 */
record Kind<T>(String label, String rule, Reader<T> reader) {

  private static final int LONGEST_NAME_BYTES = 255;

  /** Makes a value of a text; throws IllegalArgumentException for one that breaks the rule. */
  @FunctionalInterface
  interface Reader<T> {
    T read(String text);
  }

  static final Kind<InetSocketAddress> ADDRESS =
      new Kind<>(
          "HOST:PORT",
          "HOST:PORT with a host that there is and a port of 0 to 65535",
          Kind::readAddress);

  /** An address that may be left out. */
  static final Kind<Optional<InetSocketAddress>> OPTIONAL_ADDRESS =
      new Kind<>(ADDRESS.label(), ADDRESS.rule(), text -> Optional.of(readAddress(text)));

  static final Kind<Path> DIRECTORY =
      new Kind<>("DIR", "a directory, or the path of one to create", Kind::readDirectory);

  /** A file to read; it may be left out. */
  static final Kind<Optional<Path>> FILE =
      new Kind<>("FILE", "a file that can be read", text -> Optional.of(readFile(text)));

  /** A file to write, which need not be there; it may be left out. */
  static final Kind<Optional<Path>> NEW_FILE =
      new Kind<>(
          "FILE", "a file in a directory that exists", text -> Optional.of(readNewFile(text)));

  /** Names by the rule for names in the contract, none of which has a comma. */
  static final Kind<List<String>> NAMES =
      new Kind<>(
          "NAMES",
          "names of 1 to %d bytes with only commas between them".formatted(LONGEST_NAME_BYTES),
          Kind::readNames);

  static final Kind<Boolean> SWITCH = new Kind<>("BOOL", "true or false", Kind::readSwitch);

  /** An address of a web server; it may be left out. */
  static final Kind<Optional<URI>> OPTIONAL_URL =
      new Kind<>(
          "URL",
          "a URL that begins with http:// or https:// and a host",
          text -> Optional.of(readUrl(text)));

  /** A constant of an enum, in small letters. */
  static <E extends Enum<E>> Kind<E> oneOf(Class<E> type) {
    List<String> names =
        Arrays.stream(type.getEnumConstants())
            .map(constant -> constant.name().toLowerCase(Locale.ROOT))
            .toList();
    return new Kind<>(
        String.join("|", names),
        String.join(" or ", names),
        text -> {
          require(names.contains(text));
          return Enum.valueOf(type, text.toUpperCase(Locale.ROOT));
        });
  }

  static Kind<Integer> wholeNumber(int least, int most) {
    return new Kind<>(
        "N",
        most == Integer.MAX_VALUE
            ? "a whole number of %d or more".formatted(least)
            : "a whole number of %d to %d".formatted(least, most),
        text -> (int) require(Integer.parseInt(text), least, most));
  }

  static Kind<Double> number(String label, String rule, DoublePredicate allowed) {
    return new Kind<>(
        label,
        rule,
        text -> {
          double number = Double.parseDouble(text);
          require(allowed.test(number));
          return number;
        });
  }

  static Kind<Duration> time(Duration least) {
    return new Kind<>(
        "TIME",
        "a number and ms, s, m, h or d, as 24h"
            + (least.isZero() ? "" : "; " + inWords(least) + " or more"),
        text -> {
          Duration time = readTime(text);
          require(time.compareTo(least) >= 0);
          return time;
        });
  }

  private static InetSocketAddress readAddress(String text) {
    int colon = text.lastIndexOf(':');
    require(colon > 0);
    try {
      return new InetSocketAddress(
          InetAddress.getByName(text.substring(0, colon)),
          (int) require(Integer.parseInt(text.substring(colon + 1)), 0, 65_535));
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static URI readUrl(String text) {
    URI url = URI.create(text);
    require("http".equals(url.getScheme()) || "https".equals(url.getScheme()));
    require(url.getHost() != null && url.getQuery() == null && url.getFragment() == null);
    return url;
  }

  private static Path readDirectory(String text) {
    require(!text.isEmpty());
    Path path = Path.of(text).toAbsolutePath().normalize();
    require(Files.isDirectory(path) || !Files.exists(path));
    return path;
  }

  private static Path readFile(String text) {
    Path path = Path.of(text).toAbsolutePath().normalize();
    require(Files.isReadable(path) && !Files.isDirectory(path));
    return path;
  }

  private static Path readNewFile(String text) {
    require(!text.isEmpty());
    Path path = Path.of(text).toAbsolutePath().normalize();
    require(!Files.isDirectory(path) && Files.isDirectory(path.resolveSibling(".")));
    return path;
  }

  private static List<String> readNames(String text) {
    List<String> names = List.of(text.split(",", -1));
    for (String name : names) {
      require(name.matches("[^\\x00-\\x1f\\x7f]+") && name.equals(name.strip()));
      require(name.getBytes(UTF_8).length <= LONGEST_NAME_BYTES);
    }
    return names;
  }

  private static boolean readSwitch(String text) {
    require(text.equals("true") || text.equals("false"));
    return text.equals("true");
  }

  private static Duration readTime(String text) {
    require(text.matches("[0-9]{1,9}(ms|[smhd])"));
    if (text.endsWith("ms")) {
      return Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)));
    }
    String upper = text.toUpperCase(Locale.ROOT);
    return Duration.parse(upper.endsWith("D") ? "P" + upper : "PT" + upper);
  }

  private static String inWords(Duration time) {
    return time.toMillis() % 1000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
  }

  private static long require(long number, long least, long most) {
    require(number >= least && number <= most);
    return number;
  }

  private static void require(boolean allowed) {
    if (!allowed) {
      throw new IllegalArgumentException();
    }
  }
}
