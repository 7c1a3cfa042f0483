package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The config file, and what overrides what. */
final class ContextsTest {

  @TempDir private Path directory;
  private Path file;

  @BeforeEach
  void writeConfig() throws IOException {
    file = directory.resolve("shadowctl/config.yaml");
    Files.createDirectories(file.getParent());
    config(
        """
        # the team's servers
        current-context: staging
        contexts:
          staging:
            server: 127.0.0.1:1
          production: {server: "127.0.0.1:2", tls: {ca: ca.pem}, output: name}
        """);
  }

  @Test
  void theCurrentContextSaysWhereTheServerIs() {
    assertThat(run("list").err()).contains("127.0.0.1:1.");
  }

  @Test
  void aFlagBeatsTheEnvironmentWhichBeatsTheContextWhichBeatsTheDefault() {
    Map<String, String> environment =
        Map.of("XDG_CONFIG_HOME", directory.toString(), "SHADOWINDEX_SERVER", "127.0.0.1:3");
    assertThat(ShadowCtlRun.in(environment, "list", "--server", "127.0.0.1:4").err())
        .contains("127.0.0.1:4.");
    assertThat(ShadowCtlRun.in(environment, "list").err()).contains("127.0.0.1:3.");
    assertThat(run("list").err()).contains("127.0.0.1:1.");
    assertThat(ShadowCtlRun.of("context", "list").lines())
        .containsExactly("0 in shadowctl/config.yaml");
  }

  @Test
  void aContextIsChosenByFlagOrEnvironment() {
    assertThat(run("context show -o table --context production").lines())
        .containsExactly(
            "name             production",
            "server           127.0.0.1:2",
            "tls              true",
            "tls-ca           " + file.resolveSibling("ca.pem"),
            "output           name");
    Map<String, String> environment =
        Map.of("SHADOWINDEX_CONFIG", file.toString(), "SHADOWINDEX_CONTEXT", "production");
    assertThat(ShadowCtlRun.in(environment, "context", "show", "-o", "name").lines())
        .containsExactly("production");
  }

  @Test
  void useChangesTheCurrentContextAndNothingElse() throws IOException {
    String before = Files.readString(file);
    assertThat(run("context use production").lines())
        .containsExactly("production is the current context");
    assertThat(file).hasContent(before.replace("context: staging", "context: production"));
    assertThat(run("context list -o table").lines())
        .containsExactly(
            "   NAME        SERVER",
            "   staging     127.0.0.1:1",
            "*  production  127.0.0.1:2",
            "2 in " + file);
    assertThat(file.getParent()).isDirectoryNotContaining("glob:**.next");
  }

  @Test
  void useWorksWhereNoneWasCurrent() throws IOException {
    config("contexts: {one: {server: 'localhost:9'}}\n");
    assertThat(run("context use one").exit()).isZero();
    assertThat(run("list").err()).contains("localhost:9.");
  }

  @Test
  void aContextThatIsNotThereIsRefusedWithThoseThatAre() {
    ShadowCtlRun run = run("list --context produktion");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err())
        .contains("'produktion'", "staging", "did you mean production?")
        .hasLineCount(1);
    assertThat(run("context use nobody").exit()).isEqualTo(2);
  }

  @Test
  void aCurrentContextThatIsNotThereIsNamedAndMendedByUse() throws IOException {
    config("current-context: gone\ncontexts: {one: {server: '127.0.0.1:9'}}\n");
    ShadowCtlRun refused = run("list");
    assertThat(refused.exit()).isEqualTo(2);
    assertThat(refused.err())
        .contains(file + ", current-context: 'gone' is none of one")
        .hasLineCount(1);
    assertThat(run("context show").exit()).isEqualTo(2);
    assertThat(run("context list -o name").lines()).containsExactly("one");
    assertThat(run("context use one").lines()).containsExactly("one is the current context");
    assertThat(run("list").err()).contains("127.0.0.1:9.");
  }

  @Test
  void helpAndVersionAreToldWhateverTheConfigFileSays() throws IOException {
    config("contexts: {");
    assertThat(run("list --help").exit()).isZero();
    assertThat(run("--version").lines()).containsExactly("shadowctl dev");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "contexts: {a: {sever: x}}               | did you mean server?",
        "contexts: {a: {tls: {cert-file: x}}}    | 'cert-file' is none of ca, cert, key",
        "contexts: {a: {token: secret}}          | 'token-file' names a file",
        "contexts: [a]                           | contexts is not a map",
        "contexts: {a: {server: [b]}}            | 'server' is one value",
        "curent-context: a                       | did you mean current-context?",
        "contexts: {                             | is not YAML",
        "{current-context: a, contexts: {a: {server: nowhere}}} | 'nowhere' is not HOST:PORT",
        "{current-context: a, contexts: {a: {output: pdf}}} | context a, output: 'pdf' is none of"
      })
  void aConfigThatMakesNoSenseIsOneLineAndExitCode2(String yaml, String said) throws IOException {
    config(yaml);
    ShadowCtlRun run = run("list");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains(said).hasLineCount(1);
    assertThat(run.err()).doesNotContain("secret");
  }

  @Test
  void aConfigFileThatIsNamedMustBeThere() {
    ShadowCtlRun run = run("list --config " + directory.resolve("nowhere"));
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("no config file", "nowhere").hasLineCount(1);
  }

  private void config(String yaml) throws IOException {
    Files.writeString(file, yaml);
  }

  private ShadowCtlRun run(String line) {
    return ShadowCtlRun.in(Map.of("XDG_CONFIG_HOME", directory.toString()), line.split(" ", -1));
  }
}
