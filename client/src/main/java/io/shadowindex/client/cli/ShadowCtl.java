package io.shadowindex.client.cli;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import com.google.protobuf.Message;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ValidationCheck;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code shadowctl}: what all its subcommands share. */
@Command(
    name = "shadowctl",
    description = "Rebuild indexes in the background and switch to them in milliseconds.",
    footer = {
      "shadowctl index --branch main --input docs --switch",
      "shadowctl top",
      "shadowctl list --state BUILT -o name"
    },
    scope = ScopeType.INHERIT,
    usageHelpAutoWidth = true,
    sortOptions = false,
    exitCodeList = {
      "0:done",
      "1:refused or failed",
      "2:wrong usage, configuration or input",
      "3:not found",
      "4:no server answers, or not as was expected",
      "5:what was waited for has not come in time",
      "6:not permitted: no token, a wrong one, or one for less"
    })
public final class ShadowCtl {
  /** Where the answers go, whatever their form. */
  private final Output process;

  @Mixin private final GlobalOptions options = new GlobalOptions();

  @Option(names = "--version", versionHelp = true, description = "Show the version.")
  @SuppressWarnings("UnusedVariable") // read by picocli
  private boolean version;

  private @Nullable Settings settings;
  private Format format = Format.TABLE;

  /** Where words and progress go: nowhere, when they are not wanted. */
  private Output output;

  private ShadowCtl(Output process) {
    this.process = process;
    this.output = process;
  }

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    System.exit(commandLine(Output.ofProcess()).execute(arguments));
  }

  /** The whole command line, printing where it is told. */
  static CommandLine commandLine(Output output) {
    return new ShadowCtl(output).commandLine();
  }

  /** All commands. */
  CommandLine commandLine() {
    CommandLine line =
        new CommandLine(this)
            .addSubcommand(new StartCommand(this))
            .addSubcommand(new ProgressCommand(this))
            .addSubcommand(new CompleteCommand(this))
            .addSubcommand(new SwitchCommand(this))
            .addSubcommand(new RollbackCommand(this))
            .addSubcommand(new DeleteCommand(this))
            .addSubcommand(new WatchCommand(this))
            .addSubcommand(new WaitCommand(this))
            .addSubcommand(new TopCommand(this))
            .addSubcommand(new GetCommand(this))
            .addSubcommand(new ListCommand(this))
            .addSubcommand(new CancelCommand(this))
            .addSubcommand(new FailCommand(this))
            .addSubcommand(new RetryCommand(this))
            .addSubcommand(new PauseCommand(this))
            .addSubcommand(new ResumeCommand(this))
            .addSubcommand(new ClaimCommand(this))
            .addSubcommand(new LiveCommand(this))
            .addSubcommand(new IndexesCommand(this))
            .addSubcommand(new DoctorCommand(this))
            .addSubcommand(new AuditCommand(this))
            .addSubcommand(new BackupCommand(this))
            .addSubcommand(new LockCommand(this))
            .addSubcommand(new RenewCommand(this))
            .addSubcommand(new UnlockCommand(this))
            .addSubcommand(new LocksCommand(this))
            .addSubcommand(new CanWriteCommand(this))
            .addSubcommand(new IndexCommand(this))
            .addSubcommand(new SearchCommand(this))
            .addSubcommand(new DemoCommand(this))
            .addSubcommand(new ScenarioCommand(this))
            .addSubcommand(new ContextCommand(this))
            .addSubcommand(new CertsCommand(this))
            .addSubcommand(new CompletionCommand(this));
    line.getCommandSpec().version("shadowctl " + ShadowIndexClient.version());
    Manual.layOut(line);
    return line.registerConverter(IndexType.Enum.class, new ValueName<>(IndexType.Enum.class))
        .registerConverter(Lock.Type.class, new ValueName<>(Lock.Type.class))
        .registerConverter(ShadowIndex.State.class, new ValueName<>(ShadowIndex.State.class))
        .registerConverter(ValidationCheck.Enum.class, new ValueName<>(ValidationCheck.Enum.class))
        .registerConverter(
            CompletionCommand.Shell.class, new ValueName<>(CompletionCommand.Shell.class))
        .registerConverter(Duration.class, new TimeSpan())
        .setOut(process.out())
        .setErr(process.err())
        .setExecutionStrategy(this::run)
        .setParameterExceptionHandler((wrong, arguments) -> refuseUsage(wrong))
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> new FailureReport(this).tell(failure));
  }

  Output output() {
    return output;
  }

  Settings settings() {
    if (settings == null) {
      settings = new Settings(options, process.environment());
    }
    return settings;
  }

  boolean verbose() {
    return options.verbose;
  }

  /** Prints one line of words, formatted for every country alike. */
  @FormatMethod
  void print(@FormatString String format, Object... arguments) {
    output.out().println(Words.text(format, arguments));
  }

  /** Prints what is no answer but what the command is for, whatever the form asked for. */
  void printAlways(String text) {
    process.out().println(text);
  }

  void print(Table table) {
    table.print(output);
  }

  /** Shows progress where words go. */
  ProgressView progress(int percentBetweenLines) {
    return ProgressView.on(output, percentBetweenLines);
  }

  /**
   * Prints an answer in the form that was asked for; when that is words, the command prints them.
   */
  void show(Message answer) {
    if (format != Format.TABLE) {
      process.out().println(format.of(answer));
    }
  }

  /**
   * The same for one of a stream of answers; in the form NAME those without a name are left out.
   */
  void showOne(Message answer) {
    String text = format.oneOf(answer);
    if (!text.isEmpty()) {
      process.out().println(text);
    }
  }

  /** Prints an answer for which there are no better words than its fields. */
  void showFields(Message answer) {
    show(answer);
    output.out().println(Format.YAML.of(answer));
  }

  ShadowIndexClient connect() {
    return settings().connect();
  }

  private int run(ParseResult parsed) {
    Integer helped = CommandLine.executeHelpRequest(parsed); // whatever the config file says
    if (helped != null) {
      return helped;
    }
    try {
      if (!options.verbose) {
        // gRPC and Lucene log to the console by default; what matters comes back as an exception.
        Logger.getLogger("").setLevel(Level.OFF);
      }
      format = settings().format();
      output = options.quiet || format != Format.TABLE ? process.muted() : process;
    } catch (CommandFailure wrong) {
      return new FailureReport(this).tell(wrong);
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
                + suggestion(wrong)
                + "; see "
                + command.getCommandSpec().qualifiedName()
                + " --help");
    return Exit.USAGE.code();
  }

  private static String suggestion(ParameterException wrong) {
    if (!(wrong instanceof UnmatchedArgumentException unmatched)) {
      return "";
    }
    CommandSpec command = wrong.getCommandLine().getCommandSpec();
    String word = unmatched.getUnmatched().getFirst().replaceFirst("=.*", "");
    return Suggestion.closest(
            word,
            word.startsWith("-") ? command.optionsMap().keySet() : command.subcommands().keySet())
        .map(known -> "; did you mean " + known + "?")
        .orElse("");
  }
}
