package io.shadowindex.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.shadowindex.server.config.ServerConfig.InvalidConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ServerConfigTest {

  @Test
  void theDefaultsAreWhatTheDocumentationSays() throws Exception {
    ServerConfig config = ServerConfig.parse("127.0.0.1:50051", "data", null, true, false);

    assertThat(config.listen().getPort()).isEqualTo(50051);
    assertThat(config.listen().getAddress().isLoopbackAddress()).isTrue();
    assertThat(config.dataDir()).isEqualTo(Path.of("data").toAbsolutePath());
    assertThat(config.indexRoot()).isEqualTo(config.dataDir().resolve("index"));
    assertThat(config.retention()).isEqualTo(Duration.ofHours(24));
    assertThat(config.grace()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.tolerance()).isEqualTo(0.5);
    assertThat(config.progressFlush()).isLessThanOrEqualTo(Duration.ofMillis(250));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "50051",
        "localhost",
        "localhost:",
        ":1",
        "localhost:x",
        "localhost:65536",
        "localhost:-1"
      })
  void anAddressThatIsNoneIsRefused(String listen) {
    assertThat(errors(listen, "data", null, true, false)).anyMatch(e -> e.startsWith("--listen"));
  }

  @Test
  void anAddressThatOthersReachNeedsTheExplicitFlag() throws Exception {
    assertThat(errors("0.0.0.0:1", "data", null, true, false))
        .singleElement()
        .asString()
        .contains("--allow-plaintext");
    assertThat(ServerConfig.parse("0.0.0.0:1", "data", null, false, true).listen().getPort())
        .isEqualTo(1);
  }

  @Test
  void theIndexRootCannotBeTheDataDirectory() {
    assertThat(errors("127.0.0.1:0", "data", "./data/", true, false))
        .singleElement()
        .asString()
        .contains("--index-root", "must not be the data directory itself");
  }

  @Test
  void allMistakesAreReportedTogether(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "");

    assertThat(errors("nowhere", file.toString(), "", true, false)).hasSize(3);
  }

  private static java.util.List<String> errors(
      String listen,
      String dataDir,
      @org.jspecify.annotations.Nullable String indexRoot,
      boolean rehearse,
      boolean allowPlaintext) {
    return catchThrowableOfType(
            InvalidConfigException.class,
            () -> ServerConfig.parse(listen, dataDir, indexRoot, rehearse, allowPlaintext))
        .errors();
  }
}
