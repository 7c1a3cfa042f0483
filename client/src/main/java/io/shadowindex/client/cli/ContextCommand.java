package io.shadowindex.client.cli;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.util.Structs;
import com.google.protobuf.util.Values;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code shadowctl context}. */
@Command(
    name = "context",
    description = {
      "Choose among the servers of the config file.",
      "Each context has a name and may have server, tls (true, or ca, cert, key and server-name),"
          + " token-file and output. An option or a variable of the environment overrides it:"
          + " SHADOWINDEX_SERVER, SHADOWINDEX_TLS_CA and so on, by the names of the options."
    },
    footer = {
      "shadowctl context list",
      "shadowctl context use production",
      "shadowctl context show --context staging -o yaml"
    })
final class ContextCommand {
  private final ShadowCtl ctl;

  ContextCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Command(
      name = "list",
      description = "List the contexts; a star marks the current one.",
      footer = "shadowctl context list -o name")
  int list() {
    Config config = ctl.settings().config();
    Table table = new Table("", "NAME", "SERVER");
    ListValue.Builder all = ListValue.newBuilder();
    for (Config.Context context : config.contexts().values()) {
      boolean current = config.current().filter(context.name()::equals).isPresent();
      table.row(current ? "*" : "", context.name(), context.get("server").orElse(""));
      all.addValues(Values.of(fields(context)));
    }
    ctl.show(Structs.of("contexts", Values.of(all.build())));
    ctl.print(table);
    ctl.print("%,d in %s", config.contexts().size(), config.file());
    return Exit.OK.code();
  }

  @Command(
      name = "use",
      description = "Make a context the current one.",
      footer = "shadowctl context use production")
  int use(@Parameters(paramLabel = "NAME", description = "The context.") String name)
      throws IOException {
    Config config = ctl.settings().config();
    Config.Context context = config.context(name);
    config.use(name);
    ctl.show(fields(context));
    ctl.print("%s is the current context", name);
    return Exit.OK.code();
  }

  @Command(
      name = "show",
      description = "Print the context that holds: the current one, or that of --context.",
      footer = "shadowctl context show --context staging")
  int show() {
    Struct fields =
        ctl.settings()
            .context()
            .map(ContextCommand::fields)
            .orElseThrow(
                () ->
                    new CommandFailure(
                        Exit.NOT_FOUND,
                        "No context is chosen: 'shadowctl context use NAME' does, with a file "
                            + ctl.settings().config().file()
                            + "."));
    ctl.show(fields);
    fields
        .getFieldsMap()
        .forEach((name, value) -> ctl.print("%-15s  %s", name, value.getStringValue()));
    return Exit.OK.code();
  }

  private static Struct fields(Config.Context context) {
    Struct.Builder fields = Struct.newBuilder().putFields("name", Values.of(context.name()));
    context.settings().forEach((name, value) -> fields.putFields(name, Values.of(value)));
    return fields.build();
  }
}
