package io.shadowindex.server;

import io.shadowindex.server.ShadowIndexServer.DirectoryInUseException;
import io.shadowindex.server.config.GivenConfig;
import io.shadowindex.server.config.InvalidConfigException;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.storage.StateRestore;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code shadowindex-server}. */
@Command(
    name = "shadowindex-server",
    mixinStandardHelpOptions = true,
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
      names = "--config",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      defaultValue = "${env:SHADOWINDEX_CONFIG}",
      description =
          "A file of settings, one a line, as 'keep-log = 7d'; flags and the environment come before"
              + " it. SHADOWINDEX_CONFIG. (no file)")
  private @Nullable String file;

  @Spec private @Nullable CommandSpec spec;

  /** Runs the server until it is told to stop. */
  public static void main(String[] arguments) {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    int exit = commandLine().execute(arguments);
    if (exit != 0) {
      System.exit(exit);
    }
  }

  /** The command with its flags. */
  public static CommandLine commandLine() {
    CommandSpec server = CommandSpec.forAnnotatedObject(new Main());
    var commandLine = new CommandLine(server);
    GivenConfig.addFlags(server);
    server.version(version());
    server
        .subcommands()
        .values()
        .forEach(
            sub -> {
              GivenConfig.addFlags(sub.getCommandSpec());
              sub.getCommandSpec().version(version());
            });
    return commandLine;
  }

  /** As the jar says; {@code dev} for classes that are in none. */
  private static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return "shadowindex-server " + (version == null ? "dev" : version);
  }

  @Override
  public Integer call() {
    try {
      serve(checked());
      return 0;
    } catch (InvalidConfigException e) {
      return complain(e);
    } catch (DirectoryInUseException e) {
      complain(e.getMessage());
      return EXIT_FAILED;
    } catch (IOException e) {
      LoggerFactory.getLogger(Main.class).debug("start failed", e);
      complain("cannot start: " + e);
      return EXIT_FAILED;
    }
  }

  @Command(
      name = "config",
      mixinStandardHelpOptions = true,
      description =
          "Prints what a server with these flags, environment and file would go by, and where it is"
              + " set, in the form of a file.")
  int config() {
    GivenConfig given = given();
    try {
      var _ = given.check();
      out(given.describe());
      return 0;
    } catch (InvalidConfigException e) {
      return complain(e);
    }
  }

  @Command(
      name = "restore",
      mixinStandardHelpOptions = true,
      description = {
        "Makes the state of a backup that 'shadowctl backup' wrote; the server must not run.",
        "",
        "Indexes are not touched: the next start makes live links lead where the state says, as far as"
            + " those generations still have files. Watches begin anew."
      })
  int restore(
      @Parameters(paramLabel = "FILE", description = "The backup.") Path backup,
      @Option(names = "--replace", description = "Move a state that is there aside.")
          boolean replace) {
    try {
      Path directory = checked().get(Settings.DATA_DIR);
      var restore = new StateRestore(directory, FileOperations.real(), InstantSource.system());
      restore.requireMayHandOver();
      try (var _ = ShadowIndexServer.take(directory)) {
        Path aside = restore.restore(backup, replace);
        out("restored " + backup);
        if (aside != null) {
          out("the state that was there is in " + aside);
        }
      }
      return 0;
    } catch (InvalidConfigException e) {
      return complain(e);
    } catch (StateRestore.StateExistsException e) {
      complain(e.getMessage() + "; --replace moves it aside");
    } catch (NoSuchFileException e) {
      complain("there is no file " + e.getFile());
    } catch (IOException e) {
      complain(e.getMessage());
    }
    return EXIT_FAILED;
  }

  /** What is set, if it can be; the log looks from now on as it says, if nothing was logged yet. */
  private ServerConfig checked() throws InvalidConfigException {
    ServerConfig config = given().check();
    System.setProperty(
        "shadowindex.log-format", config.get(Settings.LOG_FORMAT).name().toLowerCase(Locale.ROOT));
    return config;
  }

  /** What is set, by flags before or after the name of a subcommand, and elsewhere. */
  private GivenConfig given() {
    ParseResult parsed = command().getParseResult();
    return GivenConfig.read(
        parsed.hasSubcommand() ? List.of(parsed.subcommand(), parsed) : List.of(parsed),
        System.getenv(),
        file);
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
    out("listening on %s:%d".formatted(config.get(Settings.LISTEN).getHostString(), server.port()));
    awaitUninterruptibly(ended);
  }

  /** Ends the process at once: what is on disk decides at the next start. */
  private static void endProcess(Throwable cause) {
    LoggerFactory.getLogger(Main.class)
        .error("the disk failed; ending, a new start recovers", cause);
    Runtime.getRuntime().halt(EXIT_FAILED);
  }

  private int complain(InvalidConfigException invalid) {
    invalid.errors().forEach(this::complain);
    return EXIT_USAGE;
  }

  private void complain(@Nullable String message) {
    command().getErr().println("shadowindex-server: " + message);
  }

  private void out(String line) {
    command().getOut().println(line);
    command().getOut().flush();
  }

  private CommandLine command() {
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
