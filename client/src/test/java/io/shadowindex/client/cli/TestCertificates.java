package io.shadowindex.client.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Certificates of one authority, in files of a directory. */
public final class TestCertificates {
  private final Path directory;
  private final Instant now = Instant.now();
  private final DevCertificates authority = new DevCertificates(now, Duration.ofDays(1));

  public TestCertificates(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
    authority.writeAuthority(authority());
  }

  public Path authority() {
    return directory.resolve("ca.crt");
  }

  public Path certificate(String name) {
    return directory.resolve(name + ".crt");
  }

  public Path key(String name) {
    return directory.resolve(name + ".key");
  }

  /** A certificate for that host, good for an hour. */
  public void write(String name, String host) throws IOException {
    authority.write(certificate(name), key(name), List.of(host), now.plus(Duration.ofHours(1)));
  }

  /** The same, but its time ended an hour ago. */
  public void writeExpired(String name, String host) throws IOException {
    authority.write(certificate(name), key(name), List.of(host), now.minus(Duration.ofHours(1)));
  }
}
