package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Parameters;

/** A command that asks a server. */
abstract class ClientCommand implements Callable<Integer> {
  final ShadowCtl ctl;

  ClientCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public final Integer call() throws Exception {
    try (ShadowIndexClient client = ctl.connect()) {
      return ask(client).code();
    }
  }

  abstract Exit ask(ShadowIndexClient client) throws Exception;

  /** One that is about a build. */
  abstract static class OfBuild extends ClientCommand {
    @Parameters(paramLabel = "ID", description = "The build.")
    private String id = "";

    OfBuild(ShadowCtl ctl) {
      super(ctl);
    }

    final String id() {
      return id;
    }
  }
}
