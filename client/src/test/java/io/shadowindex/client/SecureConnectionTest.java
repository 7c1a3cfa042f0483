package io.shadowindex.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.shadowindex.client.examples.ConnectExample;
import io.shadowindex.client.testing.AnsweringServer;
import io.shadowindex.testing.Certificates;
import io.shadowindex.v1.ListIndexesRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real certificates, and a real gRPC server that only answers. */
final class SecureConnectionTest {

  /** Where all servers of this test are; what is made for it has this name. */
  private static final String HOST = "localhost";

  @TempDir private static Path keys;
  private static Certificates certificates;

  @TempDir private Path directory;
  private final List<AnsweringServer> servers = new ArrayList<>();

  @BeforeAll
  static void makeCertificates() throws Exception {
    certificates = new Certificates(keys);
    certificates.authority("authority");
    certificates.authority("stranger");
    certificates.signed("server", "authority", HOST);
    certificates.signed("elsewhere", "authority", "index.example");
    certificates.expired("old", "authority", HOST);
    certificates.signed("worker", "authority", "worker.example");
  }

  @AfterEach
  void stopServers() {
    servers.forEach(AnsweringServer::close);
  }

  @Test
  void theExampleConnectsOverTlsWithItsTokenAndName() throws Exception {
    AnsweringServer server = start(tls("server").build());
    Path token = Files.writeString(directory.resolve("token"), "secret\n");
    assertThat(
            ConnectExample.indexes(
                HOST + ":" + server.port(), certificates.chain("authority"), token))
        .isEmpty();
    assertThat(server.received("authorization")).containsExactly("Bearer secret");
    assertThat(server.received("user-agent"))
        .singleElement()
        .asString()
        .startsWith("nightly-rebuild/1.4 shadowindex-java/");
  }

  @Test
  void aCertificateForAnotherNameIsRefusedUnlessThatNameIsAskedFor() throws Exception {
    AnsweringServer server = start(tls("elsewhere").build());
    assertThat(failure(trusting(server)))
        .contains("is not for this name", "matching localhost found.");
    call(trusting(server).serverName("index.example"));
  }

  @Test
  void aCertificateOfAnUnknownAuthorityIsRefused() throws Exception {
    AnsweringServer server = start(tls("server").build());
    assertThat(failure(to(server).authorities(certificates.chain("stranger"))))
        .isEqualTo(at(server) + " has a certificate that no trusted authority has issued.");
    assertThat(failure(to(server).tls())).contains("no trusted authority");
  }

  @Test
  void anExpiredCertificateIsRefused() throws Exception {
    AnsweringServer server = start(tls("old").build());
    assertThat(failure(trusting(server)))
        .isEqualTo(at(server) + " has a certificate that has expired.");
  }

  @Test
  void tlsAgainstPlaintextSaysSo() throws Exception {
    AnsweringServer server = start(InsecureServerCredentials.create());
    assertThat(failure(trusting(server)))
        .isEqualTo(at(server) + " does not speak TLS; ask for plaintext.");
  }

  @Test
  void plaintextAgainstTlsSaysSoSoon() throws Exception {
    AnsweringServer server = start(tls("server").build());
    assertThat(failure(to(server)))
        .isEqualTo(
            at(server) + " ends plaintext connections before it has answered; does it expect TLS?");
  }

  @Test
  void aServerThatAsksWhoIsThereGetsAnAnswer() throws Exception {
    AnsweringServer server =
        start(
            tls("server")
                .trustManager(certificates.chain("authority").toFile())
                .clientAuth(ClientAuth.REQUIRE)
                .build());
    call(trusting(server).identity(certificates.chain("worker"), certificates.key("worker")));
    assertThat(failure(trusting(server)))
        .isEqualTo(at(server) + " wants to see a certificate of the client that it trusts.");
  }

  @Test
  void aTokenFileThatIsReplacedIsReadAgain() throws Exception {
    AnsweringServer server = start(InsecureServerCredentials.create());
    Path token = Files.writeString(directory.resolve("token"), "first");
    try (ShadowIndexClient client = to(server).token(TokenSource.file(token)).build()) {
      client.listIndexes(ListIndexesRequest.getDefaultInstance());
      Path next = Files.writeString(directory.resolve("next"), "second");
      Files.move(next, token, StandardCopyOption.ATOMIC_MOVE);
      client.listIndexes(ListIndexesRequest.getDefaultInstance());
    }
    assertThat(server.received("authorization")).containsExactly("Bearer first", "Bearer second");
  }

  @Test
  void withoutItsTokenNoCallIsMade() throws Exception {
    AnsweringServer server = start(InsecureServerCredentials.create());
    Path missing = directory.resolve("token");
    assertThatExceptionOfType(ShadowIndexException.PermissionDenied.class)
        .isThrownBy(() -> call(to(server).token(TokenSource.file(missing))))
        .withMessage("There is no token file " + missing + ".");
    assertThatExceptionOfType(ShadowIndexException.PermissionDenied.class)
        .isThrownBy(() -> call(to(server).token(() -> "two\nlines")))
        .withMessageContaining("characters that no token has");
    assertThatExceptionOfType(ShadowIndexException.PermissionDenied.class)
        .isThrownBy(
            () ->
                call(
                    to(server)
                        .token(
                            () -> {
                              throw new IllegalStateException("no vault");
                            })))
        .withMessageContaining("no vault");
    assertThat(server.received("authorization")).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TokenSource.environment("SHADOWINDEX_NOT_SET"))
        .withMessageContaining("SHADOWINDEX_NOT_SET");
  }

  @Test
  void aTokenNeverGoesToAnotherMachineInPlaintext() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                ShadowIndexClient.builder("index.example:443")
                    .plaintext()
                    .token(() -> "secret")
                    .build())
        .withMessage("A token is not sent in plaintext to another machine (index.example:443).");
  }

  @Test
  void filesThatCannotBeUsedAreNamed() throws Exception {
    Path text = Files.writeString(directory.resolve("text"), "not a certificate");
    Path missing = directory.resolve("missing");
    ShadowIndexClientBuilder builder = ShadowIndexClient.builder("index.example:443");
    assertThatIllegalArgumentException()
        .isThrownBy(builder.authorities(missing)::build)
        .withMessage("There is no file " + missing + ".");
    assertThatIllegalArgumentException()
        .isThrownBy(builder.authorities(text)::build)
        .withMessageStartingWith(text + " holds ");
    Path chain = certificates.chain("worker");
    assertThatIllegalArgumentException()
        .isThrownBy(builder.authorities(chain).identity(chain, text)::build)
        .withMessageStartingWith(text + " holds no private key");
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    ShadowIndexClientBuilder builder = ShadowIndexClient.builder("index.example:443");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.callDeadline(Duration.ZERO))
        .withMessageContaining("longer than nothing");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.keepAlive(Duration.ofSeconds(9)))
        .withMessageContaining("10 seconds");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.patience(Duration.ofSeconds(-1)))
        .withMessageContaining("negative");
    assertThatIllegalArgumentException()
        .isThrownBy(builder.tls().plaintext()::build)
        .withMessageContaining("not both");
  }

  private static ShadowIndexClientBuilder to(AnsweringServer server) {
    return ShadowIndexClient.builder(HOST + ":" + server.port());
  }

  private static ShadowIndexClientBuilder trusting(AnsweringServer server) throws Exception {
    return to(server).authorities(certificates.chain("authority"));
  }

  private static String at(AnsweringServer server) {
    return "The server at " + HOST + ":" + server.port();
  }

  private static void call(ShadowIndexClientBuilder connection) {
    try (ShadowIndexClient client = connection.build()) {
      client.listIndexes(ListIndexesRequest.getDefaultInstance());
    }
  }

  private static String failure(ShadowIndexClientBuilder connection) {
    return String.valueOf(
        assertThatExceptionOfType(ShadowIndexException.Unavailable.class)
            .isThrownBy(() -> call(connection))
            .actual()
            .getMessage());
  }

  private static TlsServerCredentials.Builder tls(String alias) throws Exception {
    return TlsServerCredentials.newBuilder()
        .keyManager(certificates.chain(alias).toFile(), certificates.key(alias).toFile());
  }

  private AnsweringServer start(ServerCredentials credentials) throws IOException {
    AnsweringServer server = new AnsweringServer(credentials);
    servers.add(server);
    return server;
  }
}
