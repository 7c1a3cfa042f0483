package io.shadowindex.client.cli;

import com.google.protobuf.ListValue;
import com.google.protobuf.util.Structs;
import com.google.protobuf.util.Values;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.lucene.InvalidQueryException;
import io.shadowindex.client.lucene.LiveIndex;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl search}. */
@Command(
    name = "search",
    description = {
      "Search the live index and print the names of the files found.",
      "Works on the machine of the server, for indexes made by shadowctl index."
    },
    footer = {"shadowctl search --branch main 'lock AND rename'"})
final class SearchCommand extends ClientCommand {
  @Mixin private final IndexOptions index = new IndexOptions();

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "10",
      converter = AtLeastOne.class,
      description = "How many files to print; default ${DEFAULT-VALUE}.")
  private int limit;

  @Parameters(
      paramLabel = "QUERY",
      description = "Words, \"phrases\", AND, OR, NOT, wild*cards: Lucene's classic syntax.")
  private String query = "";

  SearchCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) throws IOException, InvalidQueryException {
    Path liveLink = Path.of(client.getIndex(index.get()).getIndex().getCurrentIndexPath());
    try (LiveIndex live = LiveIndex.open(liveLink)) {
      LiveIndex.Hits hits = live.search(query, limit);
      ListValue.Builder paths = ListValue.newBuilder();
      hits.paths().forEach(path -> paths.addValues(Values.of(Structs.of("name", Values.of(path)))));
      ctl.show(
          Structs.of(
              "total",
              Values.of((double) hits.total()),
              "documents",
              Values.of((double) live.documents()),
              "files",
              Values.of(paths.build())));
      ctl.print("%,d of %,d files match", hits.total(), live.documents());
      hits.paths().forEach(path -> ctl.print("%s", path));
      return Exit.OK;
    }
  }
}
