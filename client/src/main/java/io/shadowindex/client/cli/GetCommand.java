package io.shadowindex.client.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.GetShadowIndexRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code shadowctl get}. */
@Command(name = "get", description = "Print one build as JSON.")
final class GetCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  GetCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() throws InvalidProtocolBufferException {
    try (ShadowIndexClient client = ctl.connect()) {
      GetShadowIndexRequest request =
          GetShadowIndexRequest.newBuilder().setShadowIndexId(id).build();
      ctl.print("%s", Json.of(client.getShadowIndex(request).getShadowIndex()));
      return Exit.OK.code();
    }
  }
}
