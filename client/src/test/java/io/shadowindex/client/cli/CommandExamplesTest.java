package io.shadowindex.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.grpc.InsecureServerCredentials;
import io.grpc.MethodDescriptor;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildResponse.Heartbeat;
import io.shadowindex.v1.WatchBuildsResponse;
import io.shadowindex.v1.WatchLocksResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;

/** The examples in the help of all commands, and that together they use all of the contract. */
final class CommandExamplesTest {

  /** Not for a server that only answers, or never at an end. */
  private static final Pattern NOT_RUN =
      Pattern.compile(
          "shadowctl (index |backup |certs |demo|scenario|context|completion|search|top(?! --once)).*");

  @Test
  void everyCommandHasExamplesThatItUnderstands() {
    assertThat(commands().map(Help::commandSpec))
        .allSatisfy(
            command ->
                assertThat(command.usageMessage().footer())
                    .as(command.qualifiedName())
                    .isNotEmpty()
                    .allSatisfy(example -> understands(command, example)));
  }

  @Test
  void theExamplesMakeEveryCallOfTheContract() throws Exception {
    Map<String, Message> answers =
        Map.of(
            "WatchBuilds",
                WatchBuildsResponse.newBuilder()
                    .setEvent(
                        WatchBuildResponse.newBuilder()
                            .setHeartbeat(Heartbeat.getDefaultInstance()))
                    .build(),
            "WatchLocks",
                WatchLocksResponse.newBuilder()
                    .setSnapshot(WatchLocksResponse.Snapshot.getDefaultInstance())
                    .build());
    try (EmptyAnswers server = new EmptyAnswers(InsecureServerCredentials.create(), answers, "")) {
      for (String example : examples().filter(NOT_RUN.asMatchPredicate().negate()).toList()) {
        List<String> words = words(example);
        words.addAll(List.of("--server", server.address()));
        ShadowCtlRun run = ShadowCtlRun.of(words.toArray(String[]::new));
        assertThat(run.exit()).as(example + ": " + run.err()).isIn(0, 1);
      }
      Set<String> called = new HashSet<>(server.called());
      called.add("BackUpState"); // writes a file; has its own test
      called.add("StreamProgress"); // by index, whose test needs a server that counts reports
      assertThat(called).containsExactlyInAnyOrderElementsOf(contract());
    }
  }

  private static Set<String> contract() {
    return Stream.of(
            ShadowIndexServiceGrpc.getServiceDescriptor(),
            LockServiceGrpc.getServiceDescriptor(),
            AdminServiceGrpc.getServiceDescriptor())
        .flatMap(service -> service.getMethods().stream())
        .map(MethodDescriptor::getBareMethodName)
        .collect(Collectors.toSet());
  }

  private static void understands(CommandSpec command, String example) {
    assertThat(example).startsWith(command.qualifiedName());
    List<String> words = words(example);
    CommandLine line = ShadowCtlRun.commandLine();
    assertThat(line.parseArgs(words.toArray(String[]::new)).errors()).isEmpty();
  }

  /** The words as a shell gives them to the program. */
  private static List<String> words(String example) {
    List<String> words = new ArrayList<>();
    Matcher word = Pattern.compile("'([^']*)'|(\\S+)").matcher(example);
    while (word.find()) {
      words.add(word.group(1) == null ? word.group(2) : word.group(1));
    }
    words.removeFirst();
    return words;
  }

  private static Stream<String> examples() {
    return commands().flatMap(help -> Stream.of(help.commandSpec().usageMessage().footer()));
  }

  private static Stream<Help> commands() {
    return all(ShadowCtlRun.commandLine().getHelp());
  }

  private static Stream<Help> all(Help command) {
    return Stream.concat(
        Stream.of(command),
        command.subcommands().values().stream().flatMap(CommandExamplesTest::all));
  }
}
