package io.shadowindex.server.config;

import static java.util.Comparator.comparingInt;
import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.Reader;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * What is set, and where: flags come before the environment, and that before a file. All three go
 * by the same table and the same parser, so that they take and refuse the same.
 */
public final class GivenConfig {

  /** Where a value may come from; those that come first count. */
  private enum Source {
    FLAGS("set by flags"),
    ENVIRONMENT("set in the environment"),
    FILE("set in the file");

    private final String words;

    Source(String words) {
      this.words = words;
    }

    /** How a setting is called there. */
    private String nameOf(Setting<?> setting) {
      return switch (this) {
        case FLAGS -> setting.flag();
        case ENVIRONMENT -> setting.variable();
        case FILE -> setting.name();
      };
    }
  }

  private record Given(Source source, String text) {}

  private final Map<Setting<?>, Given> given = new HashMap<>();
  private final List<String> errors = new ArrayList<>();

  private GivenConfig() {}

  /** Gives a command a flag for each setting. */
  public static void addFlags(CommandSpec command) {
    for (Setting<?> setting : Settings.all()) {
      var flag =
          OptionSpec.builder(setting.flag())
              .type(String.class)
              .paramLabel(setting.kind().label())
              .description(
                  "%s %s. (%s)"
                      .formatted(
                          setting.description(),
                          setting.variable(),
                          setting.defaultText().replaceAll("[()]", "")));
      if (setting.kind().equals(Kind.SWITCH)) {
        flag.arity("0..1").fallbackValue("true");
      }
      command.addOption(flag.build());
    }
    command.parser().collectErrors(true);
  }

  /**
   * Looks for every setting in all places.
   *
   * @param flags what was parsed by commands that {@link #addFlags} prepared
   * @param file a properties file in UTF-8; null for none
   */
  public static GivenConfig read(
      List<ParseResult> flags, Map<String, String> environment, @Nullable String file) {
    var config = new GivenConfig();
    flags.forEach(parsed -> config.take(Source.FLAGS, parsed));
    for (Setting<?> setting : Settings.all()) {
      String text = environment.get(setting.variable());
      if (text != null) {
        config.given.putIfAbsent(setting, new Given(Source.ENVIRONMENT, text));
      }
    }
    if (file != null) {
      config.takeFile(file);
    }
    return config;
  }

  private void takeFile(String file) {
    var properties = new Properties();
    try (Reader reader = Files.newBufferedReader(Path.of(file))) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      errors.add("--config %s: cannot be read: %s".formatted(file, e));
      return;
    }
    CommandSpec keys = CommandSpec.create();
    addFlags(keys);
    take(
        Source.FILE,
        new CommandLine(keys)
            .parseArgs(
                properties.stringPropertyNames().stream()
                    .sorted()
                    .map(key -> "--" + key + "=" + properties.getProperty(key).strip())
                    .toArray(String[]::new)));
  }

  private void take(Source source, ParseResult parsed) {
    for (Setting<?> setting : Settings.all()) {
      String text = parsed.matchedOptionValue(setting.flag(), (String) null);
      if (text != null) {
        given.putIfAbsent(setting, new Given(source, text));
      }
    }
    for (Exception error : parsed.errors()) {
      if (error instanceof UnmatchedArgumentException unmatched) {
        unmatched.getUnmatched().forEach(argument -> refuseUnknown(source, argument));
      } else if (error instanceof ParameterException wrong) {
        errors.add(String.valueOf(wrong.getMessage()));
      } else {
        throw new IllegalStateException("picocli collects errors of parameters only", error);
      }
    }
  }

  private void refuseUnknown(Source source, String argument) {
    String name = argument.replaceFirst("^--", "").replaceFirst("=.*", "");
    Setting<?> closest =
        Collections.max(
            Settings.all(), comparingInt(setting -> lettersInCommon(name, setting.name())));
    boolean close = lettersInCommon(name, closest.name()) * 2 > name.length();
    errors.add(
        "%s: there is no such setting; %s"
            .formatted(
                source == Source.FILE ? name : argument,
                close ? "did you mean " + source.nameOf(closest) + "?" : "--help lists all"));
  }

  /** How many letters two names begin or end with alike: all but one where one is mistyped. */
  private static int lettersInCommon(String a, String b) {
    int shorter = Math.min(a.length(), b.length());
    int begin = 0;
    while (begin < shorter && a.charAt(begin) == b.charAt(begin)) {
      begin++;
    }
    int end = 0;
    while (end < shorter - begin
        && a.charAt(a.length() - 1 - end) == b.charAt(b.length() - 1 - end)) {
      end++;
    }
    return begin + end;
  }

  /** The values, or all that is wrong with them. */
  public ServerConfig check() throws InvalidConfigException {
    ServerConfig config = ServerConfig.defaults();
    for (Setting<?> setting : Settings.all()) {
      config = with(config, setting);
    }
    checkTogether(config);
    if (!errors.isEmpty()) {
      throw new InvalidConfigException(errors);
    }
    return config;
  }

  private <T> ServerConfig with(ServerConfig config, Setting<T> setting) {
    Given value = given.get(setting);
    if (value == null) {
      return config;
    }
    try {
      return config.with(setting, setting.kind().reader().read(value.text()));
    } catch (IllegalArgumentException e) {
      refuse(setting, "must be " + setting.kind().rule());
      return config;
    }
  }

  private void checkTogether(ServerConfig config) {
    checkSecurity(config);
    Path data = config.get(Settings.DATA_DIR);
    Path index = config.get(Settings.INDEX_ROOT);
    Path serve = config.get(Settings.SERVE_ROOT);
    if (index.equals(data)) {
      refuse(
          Settings.INDEX_ROOT, "must not be the data directory itself, a directory in it will do");
    }
    if (serve.equals(data) || index.startsWith(serve)) {
      refuse(Settings.SERVE_ROOT, "must neither be the data directory nor hold the index root");
    }
    if (config.get(Settings.STALE_LIMIT).compareTo(config.get(Settings.LEASE)) < 0) {
      refuse(Settings.STALE_LIMIT, "must not be less than --lease");
    }
    if (config.get(Settings.MAX_REQUEST_BYTES) < config.get(Settings.MAX_MESSAGE_BYTES)) {
      refuse(Settings.MAX_REQUEST_BYTES, "must not be less than --max-message-bytes");
    }
  }

  private void checkSecurity(ServerConfig config) {
    boolean encrypted = config.get(Settings.TLS_CERTIFICATES).isPresent();
    boolean forCertificates = config.get(Settings.TLS_CLIENT_AUTHORITIES).isPresent();
    boolean asked = config.get(Settings.CREDENTIALS).isPresent() || forCertificates;
    boolean reachable = isReachable(config.get(Settings.LISTEN));
    boolean plaintextAllowed = config.get(Settings.ALLOW_PLAINTEXT);
    if (encrypted != config.get(Settings.TLS_KEY).isPresent()) {
      refuse(
          encrypted ? Settings.TLS_CERTIFICATES : Settings.TLS_KEY,
          "--tls-certificates and --tls-key go together");
    }
    if (forCertificates && !encrypted) {
      refuse(Settings.TLS_CLIENT_AUTHORITIES, "needs --tls-certificates and --tls-key");
    }
    if (config.get(Settings.ADMIN_LISTEN).filter(GivenConfig::isReachable).isPresent()
        && !plaintextAllowed) {
      refuse(
          Settings.ADMIN_LISTEN,
          "others can reach this address, and whoever does is answered in plaintext; listen on"
              + " 127.0.0.1 or add --allow-plaintext");
    }
    if (reachable && !encrypted && !plaintextAllowed) {
      refuse(
          Settings.LISTEN,
          "others can reach this address and the connection is not encrypted; set"
              + " --tls-certificates and --tls-key, listen on 127.0.0.1 or add --allow-plaintext");
    }
    if (reachable && encrypted && !asked) {
      refuse(
          Settings.LISTEN,
          "whoever reaches this address could do everything; set --credentials or"
              + " --tls-client-authorities, or listen on 127.0.0.1");
    }
  }

  /** Whether others than this machine can connect to it. */
  private static boolean isReachable(InetSocketAddress address) {
    return !address.getAddress().isLoopbackAddress();
  }

  private void refuse(Setting<?> setting, String why) {
    Given value = given.getOrDefault(setting, new Given(Source.FLAGS, setting.defaultText()));
    errors.add("%s %s: %s".formatted(value.source().nameOf(setting), value.text(), why));
  }

  /** Every setting with its value, by where it comes from; in the form of a file. */
  public String describe() {
    var groups = new LinkedHashMap<String, List<String>>();
    for (Source source : Source.values()) {
      groups.put(source.words, new ArrayList<>());
    }
    var defaults = new ArrayList<String>();
    groups.put("defaults", defaults);
    for (Setting<?> setting : Settings.all()) {
      Given value = given.get(setting);
      if (value != null) {
        groups.getOrDefault(value.source().words, defaults).add(line(setting, value.text()));
      } else if (setting.defaultText().startsWith("(")) {
        defaults.add("# " + line(setting, setting.defaultText()));
      } else {
        defaults.add(line(setting, setting.defaultText()));
      }
    }
    return groups.entrySet().stream()
        .filter(group -> !group.getValue().isEmpty())
        .map(group -> "# " + group.getKey() + "\n" + String.join("\n", group.getValue()) + "\n")
        .collect(joining("\n"));
  }

  private static String line(Setting<?> setting, String text) {
    return setting.name() + " = " + text.replace("\\", "\\\\");
  }
}
