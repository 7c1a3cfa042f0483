package io.shadowindex.client.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The options that every command knows. {@link Settings} says what holds where one is left out, so
 * that none has a default here.
 */
final class GlobalOptions {
  /** The formats as one writes them. */
  static final class Formats extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    Formats() {
      super(List.of("table", "json", "yaml", "name"));
    }
  }

  @Option(
      names = "--server",
      scope = ScopeType.INHERIT,
      paramLabel = "HOST:PORT",
      description = "Where the server listens; default 127.0.0.1:50051.")
  @Nullable String server;

  @Option(
      names = {"-o", "--output"},
      scope = ScopeType.INHERIT,
      paramLabel = "FORMAT",
      completionCandidates = Formats.class,
      description =
          "How to print the answer: table, for people and the default; json or yaml, all the server"
              + " answered; name, only the ids.")
  @Nullable String output;

  @Option(
      names = "--context",
      scope = ScopeType.INHERIT,
      paramLabel = "NAME",
      description = "The context of the config file to take; default: its current one.")
  @Nullable String context;

  @Option(
      names = "--config",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description = "The config file; default $XDG_CONFIG_HOME/shadowctl/config.yaml.")
  @Nullable String config;

  @Option(
      names = "--tls",
      scope = ScopeType.INHERIT,
      arity = "0..1",
      fallbackValue = "true",
      paramLabel = "BOOL",
      description =
          "Whether to encrypt the connection; default: unless the server is on this machine.")
  @Nullable String tls;

  @Option(
      names = "--tls-ca",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description =
          "Who vouches for the server, in PEM; default: whom the JDK trusts. Implies --tls, as the next three do.")
  @Nullable String tlsCa;

  @Option(
      names = "--tls-cert",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description = "The certificate to show to the server, in PEM; needs --tls-key.")
  @Nullable String tlsCert;

  @Option(
      names = "--tls-key",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description = "The private key of that certificate, in PEM.")
  @Nullable String tlsKey;

  @Option(
      names = "--tls-server-name",
      scope = ScopeType.INHERIT,
      paramLabel = "NAME",
      description = "The name in the server's certificate, where it is not the host's.")
  @Nullable String tlsServerName;

  @Option(
      names = "--token-file",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description =
          "Holds the token that says who you are; or SHADOWINDEX_TOKEN is the token itself.")
  @Nullable String tokenFile;

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "Print neither words nor progress, only failures and what -o asks for.")
  boolean quiet;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Print all there is to know about a failure, and what libraries log.")
  boolean verbose;

  @Option(
      names = {"-h", "--help"},
      scope = ScopeType.INHERIT,
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // read by picocli
  private boolean help;
}
