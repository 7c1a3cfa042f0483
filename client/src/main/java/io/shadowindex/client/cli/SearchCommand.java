package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.lucene.InvalidQueryException;
import io.shadowindex.client.lucene.LiveIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
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
    })
final class SearchCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

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
    this.ctl = ctl;
  }

  @Override
  public Integer call() throws IOException, InvalidQueryException {
    Path liveLink;
    try (ShadowIndexClient client = ctl.connect()) {
      liveLink = Path.of(client.getIndex(index.get()).getIndex().getCurrentIndexPath());
    }
    try (LiveIndex live = LiveIndex.open(liveLink)) {
      LiveIndex.Hits hits = live.search(query, limit);
      ctl.print("%,d of %,d files match", hits.total(), live.documents());
      hits.paths().forEach(path -> ctl.print("%s", path));
      return Exit.OK.code();
    }
  }
}
