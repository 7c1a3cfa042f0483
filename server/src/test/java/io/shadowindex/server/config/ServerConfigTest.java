package io.shadowindex.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/**
 * What can be set and how.
 *
 * <p>With {@code -Dshadowindex.docs=write} the documentation is rewritten instead of compared;
 * {@code make format} does that.
 */
final class ServerConfigTest {

  private static final Path DOCUMENTATION = Path.of("../docs/configuration.md");
  private static final String BEGIN = "<!-- generated from Settings.java: begin -->\n";
  private static final String END = "<!-- generated from Settings.java: end -->";

  @TempDir private Path directory;

  @Test
  void theDefaultsStayWhatTheyAre() throws Exception {
    ServerConfig config = parse();

    assertThat(config.get(Settings.LISTEN))
        .isEqualTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), 50051));
    assertThat(config.get(Settings.ALLOW_PLAINTEXT)).isFalse();
    assertThat(config.get(Settings.DATA_DIR)).isEqualTo(Path.of("data").toAbsolutePath());
    assertThat(config.get(Settings.INDEX_ROOT)).isEqualTo(Path.of("data/index").toAbsolutePath());
    assertThat(config.get(Settings.SERVE_ROOT))
        .isEqualTo(Path.of("data/index/serve").toAbsolutePath());
    assertThat(config.get(Settings.RETENTION)).isEqualTo(Duration.ofHours(24));
    assertThat(config.get(Settings.KEEP_GENERATIONS)).isEqualTo(2);
    assertThat(config.get(Settings.GRACE)).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.get(Settings.TOLERANCE)).isEqualTo(0.5);
    assertThat(config.get(Settings.PROBE_MAX_SLOWDOWN)).isZero();
    assertThat(config.get(Settings.AUTO_SWITCH)).isFalse();
    assertThat(config.get(Settings.MAX_BUILDS)).isEqualTo(1000);
    assertThat(config.get(Settings.MAX_BUILDS_PER_BRANCH)).isEqualTo(100);
    assertThat(config.get(Settings.LEASE)).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.get(Settings.STALE_LIMIT)).isEqualTo(Duration.ofHours(6));
    assertThat(config.get(Settings.KEEP_LOG)).isEqualTo(Duration.ofDays(7));
    assertThat(config.get(Settings.KEEP_EVENTS)).isEqualTo(1_000_000);
    assertThat(config.get(Settings.MAX_STREAMS)).isEqualTo(10_000);
    assertThat(config.get(Settings.MAX_STREAMS_PER_CONNECTION)).isEqualTo(90);
    assertThat(config.get(Settings.MAX_RUNNING_CALLS)).isEqualTo(32);
    assertThat(config.get(Settings.MAX_REQUEST_BYTES)).isEqualTo(64 << 20);
    assertThat(config.get(Settings.STREAM_OPENING)).isEqualTo(Duration.ofSeconds(10));
    assertThat(config.get(Settings.MAX_REPORTS_PER_SECOND)).isEqualTo(250_000);
    assertThat(config.get(Settings.LOG_FORMAT)).isEqualTo(LogFormat.TEXT);
    assertThat(config.get(Settings.OTLP_ENDPOINT)).isEmpty();
    assertThat(config.get(Settings.TRACE_RATIO)).isEqualTo(1);
    assertThat(config.get(Settings.AUDIT_LOG)).isEmpty();
    assertThat(config.get(Settings.AUDIT_RETENTION)).isEqualTo(Duration.ofDays(90));
    assertThat(config.get(Settings.REHEARSE)).isTrue();
    assertThat(config.get(Settings.PROGRESS_FLUSH)).isEqualTo(Duration.ofMillis(200));
    assertThat(config.get(Settings.SWEEP_INTERVAL)).isEqualTo(Duration.ofSeconds(10));
    assertThat(config.get(Settings.DRAIN)).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void flagsComeBeforeTheEnvironmentAndThatBeforeTheFile() throws Exception {
    Path file = file("lease = 1s", "keep-events = 1", "max-streams = 1", "# a remark");

    ServerConfig config =
        given(
                Map.of("SHADOWINDEX_LEASE", "2s", "SHADOWINDEX_KEEP_EVENTS", "2"),
                file,
                "--lease",
                "3s")
            .check();

    assertThat(config.get(Settings.LEASE)).isEqualTo(Duration.ofSeconds(3));
    assertThat(config.get(Settings.KEEP_EVENTS)).isEqualTo(2);
    assertThat(config.get(Settings.MAX_STREAMS)).isEqualTo(1);
  }

  @Test
  void whatAServerGoesByIsSaidWithItsSourcesAndCanBeGivenToAnother() throws Exception {
    GivenConfig given =
        given(
            Map.of("SHADOWINDEX_LEASE", "2s"),
            file("max-builds = 7", "data-dir = C:\\\\é"),
            "--grace",
            "3s");

    String text = given.describe();

    assertThat(text)
        .startsWith("# set by flags\ngrace = 3s\n")
        .contains("# set in the environment\nlease = 2s\n")
        .contains("# set in the file\ndata-dir = C:\\\\é\nmax-builds = 7\n")
        .contains("# defaults\nlisten = 127.0.0.1:50051\n", "# audit-log = (no file)\n");
    assertThat(given(Map.of(), file(text)).check().get(Settings.LEASE))
        .isEqualTo(Duration.ofSeconds(2));
    var read = new Properties();
    read.load(new StringReader(text));
    assertThat(read).containsEntry("data-dir", "C:\\é");
  }

  @Test
  void everythingThatIsWrongIsSaidAtOnceAndWhere() throws Exception {
    Path file = file("max-streems = 7", "tolerance = 2", "zzz = 1");

    assertThat(
            errors(
                Map.of("SHADOWINDEX_LEASE", "soon"),
                file,
                "--max-builds=0",
                "--lissten=1",
                "--listen"))
        .containsExactlyInAnyOrder(
            "--max-builds 0: must be a whole number of 1 or more",
            "--lissten=1: there is no such setting; did you mean --listen?",
            "Missing required parameter for option '--listen' (HOST:PORT)",
            "SHADOWINDEX_LEASE soon: must be a number and ms, s, m, h or d, as 24h; 1s or more",
            "max-streems: there is no such setting; did you mean max-streams?",
            "zzz: there is no such setting; --help lists all",
            "tolerance 2: must be 0 to 1");
  }

  @Test
  void aFileThatCannotBeReadIsSaid() {
    assertThat(errors(Map.of(), directory.resolve("none")))
        .singleElement()
        .asString()
        .startsWith("--config " + directory.resolve("none"));
  }

  @ParameterizedTest
  @CsvSource({
    "--listen, ''",
    "--listen, 50051",
    "--listen, localhost",
    "--listen, localhost:",
    "--listen, :1",
    "--listen, localhost:x",
    "--listen, localhost:65536",
    "--listen, localhost:-1",
    "--retention, ''",
    "--retention, 24",
    "--retention, h",
    "--retention, -1h",
    "--retention, 1.5h",
    "--retention, 24 h",
    "--retention, 1w",
    "--retention, 99999999999d",
    "--lease, 0s",
    "--stale-limit, 59s",
    "--max-request-bytes, 1048575",
    "--keep-generations, -1",
    "--keep-events, 0",
    "--keep-events, 2147483648",
    "--tolerance, 1.5",
    "--tolerance, NaN",
    "--probe-max-slowdown, -1",
    "--probe-max-slowdown, 0.5",
    "--probe-max-slowdown, NaN",
    "--probe-max-slowdown, Infinity",
    "--auto-switch, perhaps",
    "--data-dir, /dev/null",
    "--data-dir, ''",
    "--log-format, JSON",
    "--otlp-endpoint, localhost:4318",
    "--otlp-endpoint, http://",
    "--otlp-endpoint, ftp://localhost",
    "--audit-log, /dev",
    "--audit-log, /no/such/directory/file",
    "--index-root, ./data/",
    "--serve-root, data/index",
  })
  void aValueThatIsNoneIsRefused(String flag, String value) {
    assertThat(errors(Map.of(), null, flag + "=" + value))
        .singleElement()
        .asString()
        .startsWith(flag + " " + value + ": must ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--allow-plaintext", "--allow-plaintext=true"})
  void anAddressThatOthersReachNeedsTheExplicitFlag(String flag) throws Exception {
    assertThat(errors(Map.of(), null, "--listen=0.0.0.0:1"))
        .singleElement()
        .asString()
        .contains("--allow-plaintext");
    assertThat(parse("--listen=0.0.0.0:1", flag).get(Settings.LISTEN).getPort()).isEqualTo(1);
    assertThat(errors(Map.of(), null, "--admin-listen=0.0.0.0:1"))
        .singleElement()
        .asString()
        .contains("--allow-plaintext");
    assertThat(parse("--admin-listen=0.0.0.0:1", flag).get(Settings.ADMIN_LISTEN)).isPresent();
  }

  @Test
  void everyUnitOfTimeIsUnderstood() throws Exception {
    assertThat(parse("--retention=45ms").get(Settings.RETENTION)).isEqualTo(Duration.ofMillis(45));
    assertThat(parse("--retention=45s").get(Settings.RETENTION)).isEqualTo(Duration.ofSeconds(45));
    assertThat(parse("--retention=90m").get(Settings.RETENTION)).isEqualTo(Duration.ofMinutes(90));
    assertThat(parse("--retention=2h").get(Settings.RETENTION)).isEqualTo(Duration.ofHours(2));
    assertThat(parse("--retention=7d").get(Settings.RETENTION)).isEqualTo(Duration.ofDays(7));
  }

  @Test
  void pathsThatAreNotSetFollowThoseThatAre() throws Exception {
    ServerConfig config = parse("--data-dir=elsewhere");
    assertThat(config.get(Settings.INDEX_ROOT))
        .isEqualTo(Path.of("elsewhere/index").toAbsolutePath());
    assertThat(parse("--index-root=other").get(Settings.SERVE_ROOT))
        .isEqualTo(Path.of("other/serve").toAbsolutePath());
    Path file = directory.resolve("audit.jsonl");
    assertThat(parse("--audit-log=" + file).get(Settings.AUDIT_LOG)).isEqualTo(Optional.of(file));
  }

  @Test
  void resourceTypesAreNamesWithCommasBetweenThem() throws Exception {
    assertThat(parse().get(Settings.RESOURCE_TYPES)).isEmpty();
    assertThat(parse("--resource-types=object_type,link type").get(Settings.RESOURCE_TYPES))
        .containsExactly("object_type", "link type");
    for (String wrong : List.of("", "a,", "a, b", "a\nb", "x".repeat(256))) {
      assertThat(errors(Map.of(), null, "--resource-types=" + wrong))
          .singleElement()
          .asString()
          .startsWith("--resource-types");
    }
  }

  @Test
  void theDocumentationListsTheSettings() throws IOException {
    String text = Files.readString(DOCUMENTATION);
    String expected =
        text.substring(0, text.indexOf(BEGIN))
            + BEGIN
            + table()
            + text.substring(text.indexOf(END));
    if ("write".equals(System.getProperty("shadowindex.docs"))) {
      Files.writeString(DOCUMENTATION, expected);
    } else {
      assertThat(text).as("`make format` rewrites it").isEqualTo(expected);
    }
  }

  private static String table() {
    return Settings.all().stream()
        .map(
            setting ->
                "| `%s` | %s | %s | %s |\n"
                    .formatted(
                        setting.flag(),
                        setting.defaultText().startsWith("(")
                            ? setting.defaultText().replaceAll("[()]", "")
                            : "`" + setting.defaultText() + "`",
                        setting.kind().rule(),
                        setting.description()))
        .collect(
            Collectors.joining(
                "", "| setting | default | must be | what it is |\n|---|---|---|---|\n", ""));
  }

  private Path file(String... lines) throws IOException {
    return Files.write(directory.resolve("shadowindex.properties"), List.of(lines));
  }

  private static ServerConfig parse(String... flags) throws InvalidConfigException {
    return given(Map.of(), null, flags).check();
  }

  private static List<String> errors(
      Map<String, String> environment, @Nullable Path file, String... flags) {
    return catchThrowableOfType(
            InvalidConfigException.class, () -> given(environment, file, flags).check())
        .errors();
  }

  private static GivenConfig given(
      Map<String, String> environment, @Nullable Path file, String... flags) {
    CommandSpec command = CommandSpec.create();
    GivenConfig.addFlags(command);
    return GivenConfig.read(
        List.of(new CommandLine(command).parseArgs(flags)),
        environment,
        file == null ? null : file.toString());
  }
}
