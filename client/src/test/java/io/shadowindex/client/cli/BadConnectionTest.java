package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.InsecureServerCredentials;
import io.grpc.TlsServerCredentials;
import io.shadowindex.testing.Certificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said when the server is not there, or is spoken to in the wrong way. */
final class BadConnectionTest {

  @TempDir private static Path directory;
  private static Certificates certificates;

  @BeforeAll
  static void makeCertificates() throws Exception {
    certificates = new Certificates(directory);
    certificates.authority("authority");
    certificates.signed("server", "authority", "localhost");
  }

  @Test
  void tlsToAServerThatSpeaksPlaintext() throws Exception {
    try (EmptyAnswers server = plaintext("")) {
      ShadowCtlRun run = ShadowCtlRun.of("list", "--tls", "--server", server.address());
      assertThat(run.exit()).isEqualTo(4);
      assertThat(run.err())
          .contains(server.address(), "does not speak TLS", "--tls=false")
          .hasLineCount(1);
    }
  }

  @Test
  void plaintextToAServerThatSpeaksTls() throws Exception {
    try (EmptyAnswers server = encrypted()) {
      ShadowCtlRun run = ShadowCtlRun.of("list", "--server", server.address());
      assertThat(run.exit()).isEqualTo(4);
      assertThat(run.err()).contains(server.address(), "Try --tls").hasLineCount(1);
    }
  }

  @Test
  @Timeout(10)
  void aMutationIsNotRepeatedToAServerThatSpeaksOtherwise() throws Exception {
    try (EmptyAnswers server = encrypted()) {
      ShadowCtlRun run = ShadowCtlRun.of("start", "--branch", "main", "--server", server.address());
      assertThat(run.exit()).isEqualTo(4);
    }
  }

  @Test
  void aCertificateThatNobodyVouchesFor() throws Exception {
    try (EmptyAnswers server = encrypted()) {
      ShadowCtlRun run = ShadowCtlRun.of("list", "--tls", "--server", server.address());
      assertThat(run.exit()).isEqualTo(4);
      assertThat(run.err()).contains("no trusted authority", "--tls-ca").hasLineCount(1);
    }
  }

  @Test
  void aCertificateThatTheNamedAuthorityVouchesFor() throws Exception {
    try (EmptyAnswers server = encrypted()) {
      ShadowCtlRun run =
          ShadowCtlRun.of(
              "list",
              "--tls-ca=" + certificates.chain("authority"),
              "--server=" + server.address());
      assertThat(run.exit()).as(run.err()).isZero();
    }
  }

  @Test
  void aTokenComesFromAFileOrTheEnvironmentAndIsNeverTold() throws Exception {
    Path file = Files.writeString(directory.resolve("token"), "good\n");
    try (EmptyAnswers server = plaintext("good")) {
      String[] list = {"list", "--server", server.address()};
      ShadowCtlRun without = ShadowCtlRun.of(list);
      assertThat(without.exit()).isEqualTo(6);
      assertThat(without.err())
          .contains("The token is not known. Tokens come from --token-file", "SHADOWINDEX_TOKEN")
          .hasLineCount(1);
      Map<String, String> wrong = Map.of("SHADOWINDEX_TOKEN", "s3cr3t");
      assertThat(ShadowCtlRun.in(wrong, list).exit()).isEqualTo(6);
      assertThat(ShadowCtlRun.in(wrong, "list", "-v", "--server", server.address()).err())
          .contains("status: UNAUTHENTICATED")
          .doesNotContain("s3cr3t");
      assertThat(ShadowCtlRun.in(Map.of("SHADOWINDEX_TOKEN", "good"), list).exit()).isZero();
      Map<String, String> named = Map.of("SHADOWINDEX_TOKEN_FILE", file.toString());
      assertThat(ShadowCtlRun.in(named, list).exit()).isZero();
      assertThat(
              ShadowCtlRun.in(
                      wrong, "list", "--token-file", file.toString(), "--server", server.address())
                  .exit())
          .isZero();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "--tls-ca nowhere.pem                  | 2 | There is no file nowhere.pem",
        "--tls-cert a.pem                      | 2 | only good together",
        "--tls=perhaps                         | 2 | --tls: 'perhaps' is neither true nor false",
        "--tls=false --tls-server-name a       | 2 | either plaintext or TLS",
        "--token-file nowhere                  | 6 | no token file nowhere",
        "--server host.invalid:1               | 4 | There is no host host.invalid",
        "--server localhost                    | 2 | 'localhost' is not HOST:PORT"
      })
  void whatCannotWorkIsOneLine(String options, int exit, String said) throws Exception {
    try (EmptyAnswers server = plaintext("")) {
      String line = "list " + options;
      ShadowCtlRun run =
          ShadowCtlRun.in(Map.of("SHADOWINDEX_SERVER", server.address()), line.split(" "));
      assertThat(run.err()).contains(said).hasLineCount(1);
      assertThat(run.exit()).isEqualTo(exit);
    }
  }

  private static EmptyAnswers plaintext(String token) throws IOException {
    return new EmptyAnswers(InsecureServerCredentials.create(), Map.of(), token);
  }

  private static EmptyAnswers encrypted() throws Exception {
    return new EmptyAnswers(
        TlsServerCredentials.create(
            certificates.chain("server").toFile(), certificates.key("server").toFile()),
        Map.of(),
        "");
  }
}
