package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.config.GivenConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import picocli.CommandLine.Model.CommandSpec;

/** What the pages show exists: the code is that of the examples, commands and flags are real. */
final class DocsTest {

  private static final Path DOCS = Path.of("../docs");
  private static final Path EXAMPLES = Path.of("src/test/java/io/shadowindex/client/examples");

  static final List<String> PAGES =
      List.of(
          "../README.md",
          "architecture.md",
          "concepts.md",
          "lifecycle.md",
          "operator-guide.md",
          "recipes.md",
          "security.md",
          "shadowctl.md",
          "worker-guide.md");

  private static final Pattern CODE =
      Pattern.compile("(?:<!-- (\\w+) -->\n)?```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern REGION =
      Pattern.compile("// @start region=\"example\"\n(.*?) *// @end", Pattern.DOTALL);
  private static final Pattern YAML = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);
  private static final Pattern COMMAND = Pattern.compile("(?m)^shadowctl ([a-z][^#&|\n]*)");
  private static final Pattern SERVER_FLAG = Pattern.compile("(?<![\\w-])(--[a-z][a-z-]+)");
  private static final Pattern CTL = Pattern.compile("`shadowctl [^`]*`");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(?:#[^)]*)?\\)");

  @Test
  void theCodeIsThatOfTheExamplesWhichTestsRun() throws IOException {
    List<MatchResult> blocks = CODE.matcher(page("worker-guide.md")).results().toList();
    assertThat(blocks).hasSize(5);
    for (MatchResult block : blocks) {
      String example = Files.readString(EXAMPLES.resolve(block.group(1) + ".java"));
      var region = REGION.matcher(example);
      assertThat(region.find()).isTrue();
      assertThat(block.group(2))
          .as(block.group(1))
          .isEqualTo(region.group(1).stripTrailing().stripIndent() + "\n");
    }
  }

  @ParameterizedTest
  @FieldSource("PAGES")
  void everyCommandIsOneThatShadowctlTakes(String name) throws IOException {
    for (MatchResult command : COMMAND.matcher(page(name)).results().toList()) {
      String plain = command.group(1).replaceAll("\"[^\"]*\"", "quoted").replaceAll("\\$\\w+", "7");
      String line = plain.strip() + " --help";
      ShadowCtlRun run = ShadowCtlRun.of(line.split(" +"));
      assertThat(run.exit()).as(line + ": " + run.err()).isZero();
    }
  }

  @Test
  void theExitCodesAreThoseOfTheManual() throws IOException {
    String page = page("shadowctl.md");
    assertThat(ShadowCtlRun.commandLine().getCommandSpec().usageMessage().exitCodeList())
        .isNotEmpty()
        .allSatisfy(
            (code, meaning) -> assertThat(page).contains("| %s | %s |".formatted(code, meaning)));
  }

  @Test
  void theConfigFileIsOneThatShadowctlReads(@TempDir Path directory) throws IOException {
    var yaml = YAML.matcher(page("shadowctl.md"));
    assertThat(yaml.find()).isTrue();
    Path file = Files.writeString(directory.resolve("config.yaml"), yaml.group(1));
    assertThat(
            ShadowCtlRun.of("context", "list", "--config", file.toString(), "-o", "name").lines())
        .containsExactly("here", "production");
  }

  @Test
  void everyFlagOfTheOperatorGuideIsOneOfTheServer() throws IOException {
    CommandSpec server = CommandSpec.create();
    GivenConfig.addFlags(server);
    Set<String> known = server.optionsMap().keySet();
    List<String> others = List.of("--help", "--replace"); // of every command, of restore
    String page = CTL.matcher(page("operator-guide.md")).replaceAll("");
    String flags = COMMAND.matcher(page).replaceAll("");
    assertThat(SERVER_FLAG.matcher(flags).results().map(MatchResult::group).toList())
        .isNotEmpty()
        .allSatisfy(flag -> assertThat(known.contains(flag) || others.contains(flag)).isTrue());
  }

  @ParameterizedTest
  @FieldSource("PAGES")
  void everyLinkLeadsToAFile(String name) throws IOException {
    Path page = DOCS.resolve(name);
    Stream<String> links = LINK.matcher(page(name)).results().map(link -> link.group(1));
    assertThat(links).allSatisfy(link -> assertThat(page.resolveSibling(link)).exists());
  }

  private static String page(String name) throws IOException {
    return Files.readString(DOCS.resolve(name));
  }
}
