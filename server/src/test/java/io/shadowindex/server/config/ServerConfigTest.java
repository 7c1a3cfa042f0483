package io.shadowindex.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.shadowindex.server.config.ServerConfig.Given;
import io.shadowindex.server.config.ServerConfig.InvalidConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ServerConfigTest {

  private static final ServerConfig.GivenStreams STREAMS =
      new ServerConfig.GivenStreams("60s", "6h", "7d", 1_000_000, 10_000, 90);

  @Test
  void theDefaultsAreWhatTheDocumentationSays() throws Exception {
    ServerConfig config = ServerConfig.parse(given("127.0.0.1:50051", "data", null, false));

    assertThat(config.listen().getPort()).isEqualTo(50051);
    assertThat(config.listen().getAddress().isLoopbackAddress()).isTrue();
    assertThat(config.dataDir()).isEqualTo(Path.of("data").toAbsolutePath());
    assertThat(config.indexRoot()).isEqualTo(config.dataDir().resolve("index"));
    assertThat(config.retention()).isEqualTo(Duration.ofHours(24));
    assertThat(config.grace()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.tolerance()).isEqualTo(0.5);
    assertThat(config.probeMaxSlowdown()).isZero();
    assertThat(config.streams()).isEqualTo(StreamConfig.DEFAULT);
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
    assertThat(errors(given(listen, "data", null, false))).anyMatch(e -> e.startsWith("--listen"));
  }

  @Test
  void anAddressThatOthersReachNeedsTheExplicitFlag() throws Exception {
    assertThat(errors(given("0.0.0.0:1", "data", null, false)))
        .singleElement()
        .asString()
        .contains("--allow-plaintext");
    assertThat(ServerConfig.parse(given("0.0.0.0:1", "data", null, true)).listen().getPort())
        .isEqualTo(1);
  }

  @Test
  void theIndexRootCannotBeTheDataDirectory() {
    assertThat(errors(given("127.0.0.1:0", "data", "./data/", false)))
        .singleElement()
        .asString()
        .contains("--index-root", "must not be the data directory itself");
  }

  @Test
  void theAuditLogIsAFileInADirectoryThatIsThere(@TempDir Path directory) throws Exception {
    Given given = given("127.0.0.1:0", "data", null, false);
    Path file = directory.resolve("audit.jsonl");

    ServerConfig config = ServerConfig.parse(withAudit(given, file.toString(), "7d"));

    assertThat(config.audit().file()).isEqualTo(file);
    assertThat(config.audit().retention()).isEqualTo(Duration.ofDays(7));
    assertThat(ServerConfig.parse(given).audit().file()).isNull();
    assertThat(ServerConfig.parse(given).audit().retention()).isEqualTo(Duration.ofDays(90));
    assertThat(errors(withAudit(given, directory.toString(), "7"))).hasSize(2);
    assertThat(errors(withAudit(given, directory.resolve("no/file").toString(), "7d")))
        .singleElement()
        .asString()
        .contains("--audit-log", "directory");
  }

  @Test
  void limitsOfStreamsThatLeaveNothingAreRefused() {
    ServerConfig.Given given = given("127.0.0.1:0", "data", null, false);
    var streams = new ServerConfig.GivenStreams("0s", "soon", "7d", 0, 0, -1);

    assertThat(
            errors(
                new ServerConfig.Given(
                    given.listen(),
                    given.dataDir(),
                    given.indexRoot(),
                    given.serveRoot(),
                    given.retention(),
                    given.keepGenerations(),
                    given.tolerance(),
                    given.probeMaxSlowdown(),
                    given.autoSwitch(),
                    given.rehearse(),
                    given.allowPlaintext(),
                    given.auditLog(),
                    given.auditRetention(),
                    given.maxBuilds(),
                    given.maxBuildsPerBranch(),
                    given.resourceTypes(),
                    streams)))
        .hasSize(5)
        .allMatch(error -> error.matches("--(lease|stale-limit|keep-events|max-streams).*"));
  }

  @Test
  void allMistakesAreReportedTogether(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "");

    assertThat(errors(given("nowhere", file.toString(), "", false))).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "24", "h", "-1h", "1.5h", "24 h", "1w", "99999999999d"})
  void aTimeThatIsNoneIsRefused(String retention) {
    assertThat(errors(given(retention, 2, 0.5)))
        .singleElement()
        .asString()
        .startsWith("--retention");
  }

  @Test
  void numbersOutOfRangeAreRefused() {
    assertThat(errors(given("1h", -1, 1.5)))
        .hasSize(2)
        .anyMatch(error -> error.startsWith("--keep-generations -1"))
        .anyMatch(error -> error.startsWith("--tolerance 1.5"));
    assertThat(errors(given("1h", 0, Double.NaN))).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, 0.5, Double.NaN, Double.POSITIVE_INFINITY})
  void aSlowdownThatIsNoFactorIsRefused(double factor) {
    assertThat(errors(given("1h", 2, 0.5, factor)))
        .singleElement()
        .asString()
        .startsWith("--probe-max-slowdown");
  }

  @Test
  void everyUnitOfTimeIsUnderstood() throws Exception {
    assertThat(ServerConfig.parse(given("45s", 2, 0)).retention())
        .isEqualTo(Duration.ofSeconds(45));
    assertThat(ServerConfig.parse(given("90m", 2, 0)).retention())
        .isEqualTo(Duration.ofMinutes(90));
    assertThat(ServerConfig.parse(given("7d", 2, 0)).retention()).isEqualTo(Duration.ofDays(7));
  }

  @Test
  void resourceTypesAreNamesWithCommasBetweenThem() throws Exception {
    Given given = given("127.0.0.1:0", "data", null, false);
    assertThat(ServerConfig.parse(given).resourceTypes()).isEmpty();
    assertThat(
            ServerConfig.parse(withResourceTypes(given, "object_type,link type")).resourceTypes())
        .containsExactly("object_type", "link type");
    for (String wrong : List.of("", "a,", "a, b", "a\nb", "x".repeat(256))) {
      assertThat(errors(withResourceTypes(given, wrong)))
          .singleElement()
          .asString()
          .startsWith("--resource-types");
    }
  }

  @Test
  void copiesAreServedFromTheIndexRootOrFromARootOfTheirOwn() throws Exception {
    Given given = given("127.0.0.1:0", "data", "index", false);
    assertThat(ServerConfig.parse(given).serveRoot())
        .isEqualTo(Path.of("index/serve").toAbsolutePath());
    assertThat(ServerConfig.parse(withServeRoot(given, "elsewhere")).serveRoot())
        .isEqualTo(Path.of("elsewhere").toAbsolutePath());
    assertThat(errors(withServeRoot(given, "index")))
        .singleElement()
        .asString()
        .startsWith("--serve-root");
  }

  private static List<String> errors(Given given) {
    return catchThrowableOfType(InvalidConfigException.class, () -> ServerConfig.parse(given))
        .errors();
  }

  private static Given given(
      String listen, String dataDir, @Nullable String indexRoot, boolean allowPlaintext) {
    return new Given(
        listen,
        dataDir,
        indexRoot,
        null,
        "24h",
        2,
        0.5,
        0,
        false,
        false,
        allowPlaintext,
        null,
        "90d",
        1000,
        100,
        null,
        STREAMS);
  }

  private static Given given(String retention, int keepGenerations, double tolerance) {
    return given(retention, keepGenerations, tolerance, 0);
  }

  private static Given given(
      String retention, int keepGenerations, double tolerance, double probeMaxSlowdown) {
    return new Given(
        "127.0.0.1:0",
        "data",
        null,
        null,
        retention,
        keepGenerations,
        tolerance,
        probeMaxSlowdown,
        false,
        false,
        false,
        null,
        "90d",
        1000,
        100,
        null,
        STREAMS);
  }

  private static Given withResourceTypes(Given given, String resourceTypes) {
    return new Given(
        given.listen(),
        given.dataDir(),
        given.indexRoot(),
        given.serveRoot(),
        given.retention(),
        given.keepGenerations(),
        given.tolerance(),
        given.probeMaxSlowdown(),
        given.autoSwitch(),
        given.rehearse(),
        given.allowPlaintext(),
        given.auditLog(),
        given.auditRetention(),
        given.maxBuilds(),
        given.maxBuildsPerBranch(),
        resourceTypes,
        given.streams());
  }

  private static Given withServeRoot(Given given, String serveRoot) {
    return new Given(
        given.listen(),
        given.dataDir(),
        given.indexRoot(),
        serveRoot,
        given.retention(),
        given.keepGenerations(),
        given.tolerance(),
        given.probeMaxSlowdown(),
        given.autoSwitch(),
        given.rehearse(),
        given.allowPlaintext(),
        given.auditLog(),
        given.auditRetention(),
        given.maxBuilds(),
        given.maxBuildsPerBranch(),
        given.resourceTypes(),
        given.streams());
  }

  private static Given withAudit(Given given, String file, String retention) {
    return new Given(
        given.listen(),
        given.dataDir(),
        given.indexRoot(),
        given.serveRoot(),
        given.retention(),
        given.keepGenerations(),
        given.tolerance(),
        given.probeMaxSlowdown(),
        given.autoSwitch(),
        given.rehearse(),
        given.allowPlaintext(),
        file,
        retention,
        given.maxBuilds(),
        given.maxBuildsPerBranch(),
        given.resourceTypes(),
        given.streams());
  }
}
