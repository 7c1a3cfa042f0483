package io.shadowindex.client.cli;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.shadowindex.client.ServerAddress;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ValidationCheck;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;

/** The command {@code shadowctl}: what all its subcommands share. */
@Command(
    name = "shadowctl",
    description = "Rebuilds indexes in the background and switches to them in milliseconds.",
    scope = ScopeType.INHERIT,
    usageHelpAutoWidth = true,
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:refused or failed",
      "2:wrong usage",
      "3:not found",
      "4:no server answers"
    })
public final class ShadowCtl {
  private final Output output;

  @Option(
      names = "--server",
      scope = ScopeType.INHERIT,
      paramLabel = "HOST:PORT",
      defaultValue = "${env:SHADOWINDEX_SERVER:-127.0.0.1:50051}",
      description = "Where the server listens: ${DEFAULT-VALUE}, or what SHADOWINDEX_SERVER says.")
  private ServerAddress server = new ServerAddress("127.0.0.1", 50051);

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Print stack traces and what libraries log.")
  private boolean verbose;

  @Option(
      names = {"-h", "--help"},
      scope = ScopeType.INHERIT,
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // read by picocli
  private boolean help;

  private ShadowCtl(Output output) {
    this.output = output;
  }

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    System.exit(commandLine(Output.ofProcess()).execute(arguments));
  }

  /** The whole command line, printing where it is told. */
  static CommandLine commandLine(Output output) {
    ShadowCtl ctl = new ShadowCtl(output);
    CommandLine line =
        new CommandLine(ctl)
            .addSubcommand(new StartCommand(ctl))
            .addSubcommand(new ProgressCommand(ctl))
            .addSubcommand(new CompleteCommand(ctl))
            .addSubcommand(new SwitchCommand(ctl))
            .addSubcommand(new RollbackCommand(ctl))
            .addSubcommand(new DeleteCommand(ctl))
            .addSubcommand(new WatchCommand(ctl))
            .addSubcommand(new GetCommand(ctl))
            .addSubcommand(new ListCommand(ctl))
            .addSubcommand(new CancelCommand(ctl))
            .addSubcommand(new FailCommand(ctl))
            .addSubcommand(new RetryCommand(ctl))
            .addSubcommand(new PauseCommand(ctl))
            .addSubcommand(new ResumeCommand(ctl))
            .addSubcommand(new ClaimCommand(ctl))
            .addSubcommand(new LiveCommand(ctl))
            .addSubcommand(new DoctorCommand(ctl))
            .addSubcommand(new AuditCommand(ctl))
            .addSubcommand(new LockCommand(ctl))
            .addSubcommand(new UnlockCommand(ctl))
            .addSubcommand(new LocksCommand(ctl))
            .addSubcommand(new CanWriteCommand(ctl))
            .addSubcommand(new IndexCommand(ctl))
            .addSubcommand(new SearchCommand(ctl))
            .addSubcommand(new DemoCommand(ctl))
            .addSubcommand(new ScenarioCommand(ctl));
    return line.registerConverter(ServerAddress.class, ShadowCtl::address)
        .registerConverter(IndexType.Enum.class, new ValueName<>(IndexType.Enum.class))
        .registerConverter(Lock.Type.class, new ValueName<>(Lock.Type.class))
        .registerConverter(ShadowIndex.State.class, new ValueName<>(ShadowIndex.State.class))
        .registerConverter(ValidationCheck.Enum.class, new ValueName<>(ValidationCheck.Enum.class))
        .setOut(output.out())
        .setErr(output.err())
        .setExecutionStrategy(ctl::run)
        .setParameterExceptionHandler((wrong, arguments) -> refuseUsage(wrong))
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> new FailureReport(ctl).tell(failure));
  }

  Output output() {
    return output;
  }

  ServerAddress server() {
    return server;
  }

  boolean verbose() {
    return verbose;
  }

  /** Prints one line of a result, formatted for every country alike. */
  @FormatMethod
  void print(@FormatString String format, Object... arguments) {
    output.out().println(Words.text(format, arguments));
  }

  ShadowIndexClient connect() {
    return ShadowIndexClient.connect(server);
  }

  private int run(ParseResult parsed) {
    if (!verbose) {
      // gRPC and Lucene log to the console by default; what matters comes back as an exception.
      Logger.getLogger("").setLevel(Level.OFF);
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private static int refuseUsage(ParameterException wrong) {
    CommandLine command = wrong.getCommandLine();
    String reason = FailureReport.oneLine(String.valueOf(wrong.getMessage()));
    command
        .getErr()
        .println(
            "shadowctl: "
                + (reason.endsWith(".") ? reason.substring(0, reason.length() - 1) : reason)
                + "; see "
                + command.getCommandSpec().qualifiedName()
                + " --help");
    return Exit.USAGE.code();
  }

  private static ServerAddress address(String text) {
    try {
      return ServerAddress.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
