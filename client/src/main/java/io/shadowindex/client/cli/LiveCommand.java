package io.shadowindex.client.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import io.shadowindex.client.ShadowIndexClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code shadowctl live}. */
@Command(
    name = "live",
    description = "Print an index as JSON: its live link, live and retained generations.")
final class LiveCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Mixin private final IndexOptions index = new IndexOptions();

  LiveCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() throws InvalidProtocolBufferException {
    try (ShadowIndexClient client = ctl.connect()) {
      ctl.print("%s", Json.of(client.getIndex(index.get()).getIndex()));
      return Exit.OK.code();
    }
  }
}
