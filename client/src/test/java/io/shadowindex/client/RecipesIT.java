package io.shadowindex.client;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.v1.ShadowIndex.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs docs/recipes.md as it stands. buf comes from npm where it is not installed, so only {@code
 * make test-clients} does; grpcurl, which no package registry has, is played by buf where it is
 * missing: the calls and their JSON are the same.
 */
final class RecipesIT {

  private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);

  private static final String TOOLS =
      """
      set -euo pipefail
      command -v buf >/dev/null || buf() { npx --yes "@bufbuild/buf@$BUF_VERSION" "$@"; }
      command -v grpcurl >/dev/null || grpcurl() {
        [[ "$1 $2" == "-plaintext -d" ]]
        buf curl --protocol grpc --http2-prior-knowledge -d "$3" "http://$4/$5"
      }
      """;

  @Test
  void everyRecipeWorks(@TempDir Path directory) throws Exception {
    assumeTrue(Boolean.getBoolean("shadowindex.examples"), "run by make test-clients");
    try (RunningServer server = RunningServer.start(directory)) {
      Path script = directory.resolve("recipes");
      Files.writeString(script, TOOLS + recipes().replace("127.0.0.1:50051", server.address()));
      Path said = directory.resolve("said");
      var bash = new ProcessBuilder("bash", script.toString());
      bash.environment().put("BUF_VERSION", System.getProperty("shadowindex.buf"));
      Process run = bash.redirectErrorStream(true).redirectOutput(said.toFile()).start();

      assertThat(run.waitFor(5, MINUTES)).isTrue();
      String output = Files.readString(said);
      assertThat(run.exitValue()).as(output).isZero();
      assertThat(output)
          .contains("Index switch completed successfully", "cannot cancel build", "refused")
          .contains("Index rolled back");
      assertThat(server.builds("feature/user-schema"))
          .singleElement()
          .extracting(build -> build.getState())
          .isEqualTo(State.ACTIVE);
      assertThat(server.builds("other")).hasSize(1);
    }
  }

  private static String recipes() throws IOException {
    String page = Files.readString(Path.of("../docs/recipes.md"));
    String blocks =
        BLOCK.matcher(page).results().map(MatchResult::group).collect(Collectors.joining("\n"));
    return blocks.replace("```sh\n", "").replace("```", "");
  }
}
