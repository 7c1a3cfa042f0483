package io.shadowindex.server.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shadowindex.server.audit.AuditEntry.Outcome;
import io.shadowindex.server.request.Call;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Entries go to the file that has the name, whatever becomes of the one that had it before. */
final class AuditFileTest {

  private Path directory = Path.of("");
  private Path path = Path.of("");
  private AuditFile file;

  @BeforeEach
  void openFile(@TempDir Path temporary) throws IOException {
    directory = Files.createDirectory(temporary.resolve("logs"));
    path = directory.resolve("audit.jsonl");
    file = AuditFile.open(path);
    append("Before");
  }

  @AfterEach
  void closeFile() throws IOException {
    file.close();
  }

  @Test
  void aFileThatIsMovedAwayKeepsItsEntriesAndTheNextOnesBeginANewOne() throws IOException {
    Path rotated = Files.move(path, directory.resolve("audit.jsonl.1"));

    append("After");
    append("AtLast");

    assertHas(rotated, "Before");
    assertHas(path, "After", "AtLast");
  }

  @Test
  void aLineThatACrashCutOffDoesNotSpoilTheNextOne() throws IOException {
    file.close();
    Files.writeString(path, "{\"occurred_at\":\"2026-", StandardOpenOption.APPEND);
    file = AuditFile.open(path);

    append("After");

    List<String> lines = Files.readAllLines(path);
    assertThat(lines).hasSize(3);
    assertThat(lines.get(1)).endsWith("2026-");
    assertThat(lines.getLast()).startsWith("{").endsWith("}").contains("After");
  }

  @Test
  void aFileThatIsPutInItsPlaceIsGoneOnWith() throws IOException {
    Path rotated = Files.move(path, directory.resolve("audit.jsonl.1"));
    Files.createFile(path);

    append("After");

    assertHas(rotated, "Before");
    assertHas(path, "After");
  }

  @Test
  void aFileThatIsMovedAwayAndBackGrowsFurther() throws IOException {
    Path away = Files.move(path, directory.resolve("audit.jsonl.1"));
    Files.move(away, path);

    append("After");

    assertHas(path, "Before", "After");
  }

  @Test
  void aFileThatIsDeletedIsCreatedAgain() throws IOException {
    Files.delete(path);

    append("After");

    assertHas(path, "After");
  }

  @Test
  void withoutItsDirectoryNothingIsWrittenUntilItIsBack() throws IOException {
    Path away = Files.move(directory, directory.resolveSibling("away"));

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> append("Lost")).isInstanceOf(NoSuchFileException.class);
    }
    Files.move(away, directory);
    append("After");

    assertHas(path, "Before", "After");
  }

  private void append(String method) throws IOException {
    var call =
        new Call(
            UUID.randomUUID(),
            Instant.EPOCH,
            "worker",
            "",
            method,
            null,
            Call.Target.NONE,
            null,
            null,
            null,
            false);
    file.append(List.of(new AuditEntry(0, call, null, null, Outcome.UNKNOWN, null, null)));
  }

  private static void assertHas(Path log, String... methods) throws IOException {
    assertThat(Files.readAllLines(log))
        .extracting(line -> line.replaceAll(".*\"method\":\"(\\w+)\".*", "$1"))
        .containsExactly(methods);
  }
}
