package io.shadowindex.client.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code shadowctl certs}. */
@Command(
    name = "certs",
    description = "Make certificates for trying TLS.",
    footer = "shadowctl certs dev --dir certs")
final class CertsCommand {
  private final ShadowCtl ctl;

  CertsCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Command(
      name = "dev",
      description = {
        "Make a throw-away authority and, signed by it, a certificate of a server and one of a client.",
        "The authority's key is not kept, so that it signs nothing else; not for production."
      },
      footer = "shadowctl certs dev --host search.example.org,10.0.0.7")
  int dev(
      @Option(
              names = "--dir",
              paramLabel = "DIR",
              defaultValue = "certs",
              description = "Where to; default ${DEFAULT-VALUE}.")
          Path directory,
      @Option(
              names = "--host",
              paramLabel = "NAME",
              split = ",",
              defaultValue = "localhost,127.0.0.1",
              description = "What clients call the server; default ${DEFAULT-VALUE}.")
          List<String> hosts,
      @Option(
              names = "--client",
              paramLabel = "NAME",
              defaultValue = "client.example",
              description = "What the client is called; default ${DEFAULT-VALUE}.")
          String client,
      @Option(
              names = "--days",
              paramLabel = "N",
              defaultValue = "30",
              converter = AtLeastOne.class,
              description = "How long they are good; default ${DEFAULT-VALUE}.")
          int days)
      throws IOException {
    Instant now = Instant.now();
    Instant until = now.plus(Duration.ofDays(days));
    Files.createDirectories(directory);
    var authority = new DevCertificates(now, Duration.ofDays(days));
    authority.writeAuthority(directory.resolve("ca.crt"));
    authority.write(directory.resolve("server.crt"), directory.resolve("server.key"), hosts, until);
    authority.write(
        directory.resolve("client.crt"), directory.resolve("client.key"), List.of(client), until);
    ctl.print(
        "shadowindex-server --tls-certificates %1$s/server.crt --tls-key %1$s/server.key"
            + " --tls-client-authorities %1$s/ca.crt",
        directory);
    return Exit.OK.code();
  }
}
