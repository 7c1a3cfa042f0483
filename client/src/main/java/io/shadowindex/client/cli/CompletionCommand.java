package io.shadowindex.client.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Parameters;

/** {@code shadowctl completion}. */
@Command(
    name = "completion",
    description = {
      "Print a script that completes commands, options and values in bash or zsh.",
      "To have it in every shell, add the line to ~/.bashrc: source <(shadowctl completion bash);"
          + " or to ~/.zshrc: source <(shadowctl completion zsh)"
    },
    footer = {"shadowctl completion bash", "shadowctl completion zsh"})
final class CompletionCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  /** The shells it is for. */
  enum Shell {
    BASH,
    ZSH
  }

  @Parameters(
      paramLabel = "SHELL",
      completionCandidates = Shells.class,
      description = "bash or zsh.")
  private Shell shell = Shell.BASH;

  /** Their names as one writes them. */
  static final class Shells extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    Shells() {
      super(List.of("bash", "zsh"));
    }
  }

  CompletionCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    String setUp = shell == Shell.ZSH ? "autoload -U +X compinit && compinit\n" : "";
    CommandLine line = ctl.commandLine();
    offerNames(line);
    ctl.printAlways(setUp + AutoComplete.bash("shadowctl", line));
    return Exit.OK.code();
  }

  /** Has those values offered that are understood, and no others that Java's types have. */
  private static void offerNames(CommandLine line) {
    CommandSpec command = line.getCommandSpec();
    for (OptionSpec option : List.copyOf(command.options())) {
      if (option.auxiliaryTypes()[0].isEnum()) {
        command.remove(option);
        command.addOption(
            OptionSpec.builder(option)
                .completionCandidates(ValueName.names(option.auxiliaryTypes()[0]))
                .build());
      }
    }
    line.getSubcommands().values().forEach(CompletionCommand::offerNames);
  }
}
