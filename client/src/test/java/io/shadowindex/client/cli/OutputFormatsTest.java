package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.JsonFormat;
import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The forms in which commands print their answers. */
final class OutputFormatsTest {

  @TempDir private Path directory;
  private RunningServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = RunningServer.start(directory);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void jsonIsTheServersAnswerWithTheNamesOfTheContract() throws IOException {
    ShadowCtlRun started = run("start --branch main -o json");
    StartBuildResponse.Builder answer = StartBuildResponse.newBuilder();
    JsonFormat.parser().merge(started.out(), answer);
    assertThat(server.get(answer.getShadowIndexId()).getState()).isEqualTo(State.BUILDING);
    assertThat(started.out()).contains("\"shadow_index_id\": \"", "\"state\": \"BUILDING\"");
  }

  @Test
  void yamlSaysTheSameAsJson() {
    run("start --branch main");
    Load yaml = new Load(LoadSettings.builder().build());
    assertThat(yaml.loadFromString(run("list -o yaml").out()))
        .isEqualTo(yaml.loadFromString(run("list -o json").out()));
    assertThat(run("list -o yaml").lines()).contains("total_count: '1'");
  }

  @Test
  void namesAreWhatOtherCommandsTake() {
    String id = run("start --branch main -o name").out().strip();
    assertThat(run("list -o name").lines()).containsExactly(id);
    assertThat(run("get " + id + " -o name").lines()).containsExactly(id);
    assertThat(run("cancel " + id + " -o name").lines()).containsExactly(id);
    String lock = run("lock --branch main -o name").out().strip();
    assertThat(run("locks -o name").lines()).containsExactly(lock);
    assertThat(run("indexes -o name").lines()).containsExactly("main/SEARCH_INDEX/default");
  }

  @Test
  void aWatchIsAStreamOfJsonLinesOrYamlDocuments() {
    String id = run("start --branch main -o name").out().strip();
    run("fail " + id + " --message disk");
    assertThat(run("watch " + id + " -o json").lines())
        .first()
        .asString()
        .startsWith("{\"revision\":")
        .endsWith("}");
    assertThat(run("watch " + id + " -o yaml").lines()).first().isEqualTo("---");
    assertThat(run("watch " + id + " -o name").lines()).containsExactly(id);
  }

  @Test
  void quietLeavesTheExitCodeAndFailures() {
    ShadowCtlRun started = run("start --branch main --quiet");
    assertThat(started.exit()).isZero();
    assertThat(started.out()).isEmpty();
    ShadowCtlRun refused = run("start --branch main -q");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.err()).hasLineCount(1);
    assertThat(run("list -q -o name").lines()).hasSize(1);
  }

  @Test
  void theFormMayBeWrittenInAnyCaseAndAWrongOneIsMended() {
    assertThat(run("list -o JSON").out()).startsWith("{");
    ShadowCtlRun wrong = run("list -o jsn");
    assertThat(wrong.exit()).isEqualTo(2);
    assertThat(wrong.err()).contains("--output: 'jsn'", "did you mean JSON?").hasLineCount(1);
  }

  @Test
  void aTableThatDoesNotFitTheTerminalBecomesABlockForEachRow() {
    String id = run("start --branch main -o name").out().strip();
    ShadowCtlRun wide = onTerminal(120, "list");
    assertThat(wide.lines()).first().asString().startsWith("ID  ").contains("STATE", "INDEX");
    ShadowCtlRun narrow = onTerminal(40, "list");
    assertThat(narrow.lines()).contains("ID       " + id, "STATE    BUILDING").hasSize(8);
  }

  @Test
  void nothingIsColouredUnlessSomebodySeesItAndWantsIt() {
    run("start --branch main");
    assertThat(onTerminal(80, "top --once").out()).contains("\u001b[36mBUILDING");
    assertThat(run("top --once").out()).contains("BUILDING").doesNotContain("\u001b");
    String[] top = {"top", "--once", "--server", server.address()};
    assertThat(ShadowCtlRun.onTerminal(80, Map.of("NO_COLOR", "1"), top).out())
        .contains("BUILDING")
        .doesNotContain("\u001b[36m");
  }

  private ShadowCtlRun onTerminal(int columns, String line) {
    return ShadowCtlRun.onTerminal(columns, Map.of(), arguments(line));
  }

  private ShadowCtlRun run(String line) {
    return ShadowCtlRun.of(arguments(line));
  }

  private String[] arguments(String line) {
    return (line + " --server " + server.address()).split(" ", -1);
  }
}
