package io.shadowindex.client.cli;

import io.shadowindex.client.ServerAddress;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.ShadowIndexClientBuilder;
import io.shadowindex.client.TokenSource;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.TypeConversionException;

/**
 * What holds for a command: what its options say, or else the environment (SHADOWINDEX_ and the
 * name of the option), or else the context of the config file, or else the default.
 */
final class Settings {
  private static final String DEFAULT_SERVER = "127.0.0.1:50051";
  private static final String ENVIRONMENT = "SHADOWINDEX_";

  private final GlobalOptions options;
  private final Map<String, String> environment;
  private final Config config;

  /** The name of the context that holds, whether the config file has it or not. */
  private final Optional<String> context;

  /**
   * Reads the config file, if there is one.
   *
   * @throws CommandFailure when it cannot be read
   */
  Settings(GlobalOptions options, Map<String, String> environment) {
    this.options = options;
    this.environment = environment;
    this.config =
        variable("config", options.config)
            .map(named -> Config.read(Path.of(named.text)))
            .orElseGet(() -> Config.readDefault(environment));
    this.context = variable("context", options.context).map(Value::text).or(config::current);
  }

  /** A setting, and where it was said, for the message about a wrong one. */
  private record Value(String text, String source) {
    <T> T as(Function<String, T> reader) {
      try {
        return reader.apply(text);
      } catch (IllegalArgumentException | TypeConversionException e) {
        throw new CommandFailure(Exit.USAGE, source + ": " + e.getMessage());
      }
    }
  }

  /**
   * The context that holds.
   *
   * @throws CommandFailure when the config file does not have it
   */
  Optional<Config.Context> context() {
    return context.map(config::context);
  }

  Config config() {
    return config;
  }

  /** A context that is not there says nothing here: 'context use' has to work to mend that. */
  Format format() {
    return variable("output", options.output)
        .or(
            () ->
                context
                    .flatMap(name -> Optional.ofNullable(config.contexts().get(name)))
                    .flatMap(from -> said(from, "output")))
        .map(value -> value.as(new ValueName<>(Format.class)::convert))
        .orElse(Format.TABLE);
  }

  ServerAddress server() {
    return find("server", options.server)
        .orElse(new Value(DEFAULT_SERVER, ""))
        .as(ServerAddress::parse);
  }

  /**
   * Prepares the connection. Where nothing is said of TLS, the client library decides by the
   * address.
   *
   * @throws CommandFailure when what is said makes no sense, or a file cannot be read
   */
  ShadowIndexClient connect() {
    ShadowIndexClientBuilder builder = ShadowIndexClient.builder(server()).userAgent("shadowctl");
    find("tls", options.tls)
        .map(value -> value.as(Settings::yesOrNo))
        .ifPresent(tls -> choose(builder, tls));
    file("tls-ca", options.tlsCa).ifPresent(builder::authorities);
    find("tls-server-name", options.tlsServerName).map(Value::text).ifPresent(builder::serverName);
    Optional<Path> certificate = file("tls-cert", options.tlsCert);
    Optional<Path> key = file("tls-key", options.tlsKey);
    if (certificate.isPresent() != key.isPresent()) {
      throw new CommandFailure(Exit.USAGE, "--tls-cert and --tls-key are only good together.");
    }
    certificate.ifPresent(chain -> builder.identity(chain, key.orElseThrow()));
    token().ifPresent(builder::token);
    try {
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(Exit.USAGE, String.valueOf(e.getMessage()));
    }
  }

  private static void choose(ShadowIndexClientBuilder builder, boolean tls) {
    var _ = tls ? builder.tls() : builder.plaintext();
  }

  private Optional<TokenSource> token() {
    Optional<Value> token = options.tokenFile == null ? variable("token", null) : Optional.empty();
    return token
        .map(said -> (TokenSource) said::text)
        .or(() -> file("token-file", options.tokenFile).map(TokenSource::file));
  }

  private Optional<Path> file(String name, @Nullable String option) {
    return find(name, option).map(value -> Path.of(value.text));
  }

  private Optional<Value> find(String name, @Nullable String option) {
    return variable(name, option).or(() -> context().flatMap(from -> said(from, name)));
  }

  private static Optional<Value> said(Config.Context from, String name) {
    return from.get(name).map(text -> new Value(text, "context " + from.name() + ", " + name));
  }

  private Optional<Value> variable(String name, @Nullable String option) {
    String variable = ENVIRONMENT + name.toUpperCase(Locale.ROOT).replace('-', '_');
    return Optional.ofNullable(option)
        .map(text -> new Value(text, "--" + name))
        .or(
            () ->
                Optional.ofNullable(environment.get(variable))
                    .filter(text -> !text.isEmpty())
                    .map(text -> new Value(text, variable)));
  }

  private static boolean yesOrNo(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("'" + text + "' is neither true nor false");
    };
  }
}
