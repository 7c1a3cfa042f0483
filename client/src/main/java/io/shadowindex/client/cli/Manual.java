package io.shadowindex.client.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Lays the help of every command out as a manual page. */
final class Manual {
  private static final String INDENT = "    ";

  private Manual() {}

  static void layOut(CommandLine line) {
    Map<String, IHelpSectionRenderer> sections = new LinkedHashMap<>();
    sections.put("name", help -> section("NAME", name(help)));
    sections.put("synopsis", help -> section("SYNOPSIS", synopsis(help.commandSpec())));
    sections.put("description", help -> section("DESCRIPTION", description(help)));
    sections.put("parameters", help -> section("PARAMETERS", help.parameterList()));
    sections.put("options", help -> section("OPTIONS", options(help)));
    sections.put("commands", help -> section("COMMANDS", help.commandList()));
    sections.put("examples", help -> section("EXAMPLES", help.footer()));
    sections.put("codes", help -> section("EXIT CODES", help.exitCodeList()));
    sections.put("general", help -> section("OPTIONS OF EVERY COMMAND", general(help)));
    line.setHelpSectionMap(sections);
    line.setHelpSectionKeys(List.copyOf(sections.keySet()));
    line.getSubcommands().values().forEach(Manual::layOut);
  }

  private static String section(String heading, String text) {
    return text.isBlank()
        ? ""
        : heading
            + System.lineSeparator()
            + text.stripTrailing().indent(INDENT.length())
            + System.lineSeparator();
  }

  private static String name(Help help) {
    CommandSpec command = help.commandSpec();
    return command.qualifiedName() + " - " + command.usageMessage().description()[0];
  }

  /** All but the sentence that is in the name. */
  private static String description(Help help) {
    return Arrays.stream(help.commandSpec().usageMessage().description())
        .skip(1)
        .map(line -> help.createHeading(line + "%n"))
        .collect(Collectors.joining());
  }

  private static String synopsis(CommandSpec command) {
    Stream<String> required =
        own(command).filter(OptionSpec::required).map(o -> o.longestName() + " " + o.paramLabel());
    Stream<String> parameters = command.positionalParameters().stream().map(ArgSpec::paramLabel);
    boolean choose = !command.subcommands().isEmpty();
    return Stream.of(
            Stream.of(command.qualifiedName()),
            required,
            Stream.of("[OPTIONS]"),
            parameters,
            choose ? Stream.of("COMMAND") : Stream.<String>of())
        .flatMap(parts -> parts)
        .collect(Collectors.joining(" "));
  }

  private static String options(Help help) {
    return help.optionListExcludingGroups(own(help.commandSpec()).toList());
  }

  /** In full for the whole program, by their names elsewhere. */
  private static String general(Help help) {
    CommandSpec command = help.commandSpec();
    List<OptionSpec> general =
        command.options().stream().filter(option -> isGeneral(command, option)).toList();
    if (command.parent() == null) {
      return help.optionListExcludingGroups(general);
    }
    String names = general.stream().map(OptionSpec::longestName).collect(Collectors.joining(" "));
    return help.createHeading(names + "%nshadowctl --help explains them.%n");
  }

  private static Stream<OptionSpec> own(CommandSpec command) {
    return command.options().stream().filter(option -> !isGeneral(command, option));
  }

  private static boolean isGeneral(CommandSpec command, OptionSpec option) {
    return command.parent() == null || option.inherited();
  }
}
