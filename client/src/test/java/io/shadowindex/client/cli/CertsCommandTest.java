package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CertsCommandTest {

  @TempDir private Path directory;

  @Test
  void certificatesForTryingAreSignedByAnAuthorityWhoseKeyIsGone() throws Exception {
    Path made = directory.resolve("certs");

    ShadowCtlRun run = ShadowCtlRun.of("certs", "dev", "--dir", made.toString(), "--days", "2");

    assertThat(run.exit()).isEqualTo(Exit.OK.code());
    assertThat(run.out()).contains("--tls-certificates " + made.resolve("server.crt"));
    X509Certificate authority = read(made.resolve("ca.crt"));
    for (String name : new String[] {"server", "client"}) {
      X509Certificate certificate = read(made.resolve(name + ".crt"));
      certificate.verify(authority.getPublicKey());
      certificate.checkValidity();
      assertThat(certificate.getNotAfter().toInstant())
          .isBetween(
              Instant.now().plus(Duration.ofDays(1)), Instant.now().plus(Duration.ofDays(2)));
      assertThat(Files.getPosixFilePermissions(made.resolve(name + ".key")))
          .containsExactlyInAnyOrder(
              PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    }
    try (var files = Files.list(made)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "ca.crt", "server.crt", "server.key", "client.crt", "client.key");
    }
  }

  private static X509Certificate read(Path file) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }
}
