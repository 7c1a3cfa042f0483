package io.shadowindex.client.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The completion script, in the shell it is for. */
final class CompletionTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "shadowctl swi                   | switch",
        "shadowctl context u             | use",
        "shadowctl list --sta            | --state",
        "shadowctl list -o y             | yaml",
        "shadowctl start --type GR       | GRAPH_INDEX",
        "shadowctl list --state BUILD    | BUILDING",
        "shadowctl completion z          | zsh"
      })
  void bashCompletesCommandsOptionsAndValues(String typed, String completed) throws Exception {
    Path script = directory.resolve("shadowctl.bash");
    Files.writeString(script, ShadowCtlRun.of("completion", "bash").out());
    String program =
        """
        compopt() { :; } # only there while a user completes
        source %s
        COMP_WORDS=(%s)
        COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
        _complete_shadowctl
        printf '%%s\\n' "${COMPREPLY[@]}"
        """
            .formatted(script, typed);
    assertThat(bash(program)).containsExactly(completed);
  }

  @Test
  void noValueThatMeansNothingIsOffered() {
    assertThat(ShadowCtlRun.of("completion", "bash").out())
        .doesNotContain("UNRECOGNIZED", "UNSPECIFIED");
  }

  @Test
  void zshGetsItsOwnSetUpAndAFormOfAContextChangesNothing() {
    assertThat(ShadowCtlRun.in(Map.of("SHADOWINDEX_OUTPUT", "json"), "completion", "zsh").out())
        .startsWith("autoload -U +X compinit")
        .contains("_complete_shadowctl");
  }

  private static List<String> bash(String program) throws Exception {
    Process bash = new ProcessBuilder("bash", "--norc", "-c", program).start();
    List<String> said =
        new String(bash.getInputStream().readAllBytes(), UTF_8).lines().map(String::strip).toList();
    assertThat(new String(bash.getErrorStream().readAllBytes(), UTF_8)).isEmpty();
    assertThat(bash.waitFor()).isZero();
    return said;
  }
}
