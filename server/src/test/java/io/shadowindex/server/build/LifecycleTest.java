package io.shadowindex.server.build;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.build.Lifecycle.Row;
import io.shadowindex.server.build.Lifecycle.Trigger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The transition table as a table, and as the documentation shows it.
 *
 * <p>With {@code -Dshadowindex.docs=write} the documentation is rewritten instead of compared;
 * {@code make format} does that.
 */
final class LifecycleTest {

  private static final Path PAGE = Path.of("../docs/lifecycle.md");
  private static final String BEGIN = "<!-- generated from Lifecycle.java: begin -->\n";
  private static final String END = "<!-- generated from Lifecycle.java: end -->";

  @Test
  void everyTriggerHasOneTarget() {
    for (Trigger trigger : Trigger.values()) {
      assertThat(Lifecycle.rows().stream().filter(row -> row.trigger() == trigger).map(Row::to))
          .as(trigger.name())
          .isNotEmpty()
          .containsOnly(trigger.target());
    }
  }

  @Test
  void everyStateCanBeReachedAndOnlyFinalOnesCannotBeLeft() {
    Set<BuildState> reached = EnumSet.of(BuildState.PREPARING);
    Lifecycle.rows().forEach(row -> reached.add(row.to()));
    Set<BuildState> left =
        Lifecycle.rows().stream()
            .map(Row::from)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(BuildState.class)));

    assertThat(reached).containsExactlyInAnyOrder(BuildState.values());
    assertThat(EnumSet.complementOf(EnumSet.copyOf(left))).containsExactly(BuildState.CANCELLED);
  }

  @Test
  void theDocumentationShowsTheTable() throws IOException {
    String text = Files.readString(PAGE);
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    assertThat(begin).as("a place for the diagram").isBetween(0, end);
    String block = "```mermaid\n" + Lifecycle.diagram() + "```\n\n" + table();
    String expected = text.substring(0, begin) + BEGIN + block + text.substring(end);
    if ("write".equals(System.getProperty("shadowindex.docs"))) {
      Files.writeString(PAGE, expected);
    } else {
      assertThat(text).as("%s; `make format` rewrites it", PAGE).isEqualTo(expected);
    }
  }

  private static String table() {
    return Lifecycle.rows().stream()
        .map(
            row ->
                "| `%s` | `%s` | %s |\n".formatted(row.from(), row.to(), row.trigger().meaning()))
        .collect(Collectors.joining("", "| from | to | by |\n|---|---|---|\n", ""));
  }
}
