package io.shadowindex.server.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ShadowIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What looks for missing lines finds them. */
final class AuditTrailTest {

  private final AuditTrail trail = new AuditTrail();
  @TempDir private Path directory;

  @BeforeEach
  void acknowledge() {
    trail.acknowledge(ShadowIndex.newBuilder().setShadowIndexId("b").setRevision(7).build());
    trail.acknowledge("AcquireLock", Lock.newBuilder().setLockId("l").build());
  }

  @Test
  void aLineForEachChangePasses() throws IOException {
    Path file =
        file(
            """
            {"method":"CancelBuild","shadow_index_id":"b","revision":7}
            {"method":"AcquireLock","lock_id":"l","fencing_token":1}
            """);

    assertThat(trail.assertIn(file)).contains("2 lines, 0 cut off", "0 lost");
  }

  @Test
  void anotherRevisionAndAnotherMethodFail() throws IOException {
    Path file =
        file(
            """
            {"method":"CancelBuild","shadow_index_id":"b","revision":8}
            {"method":"ReleaseLock","lock_id":"l"}
            """);

    assertThatThrownBy(() -> trail.assertIn(file)).hasMessageContainingAll("b 7", "AcquireLock l");
  }

  @Test
  void aKillMayTakeTheLastLinesAndCutOneOff() throws IOException {
    Path file = file("{\"method\":\"CancelBuild\",\"shad");
    assertThatThrownBy(() -> trail.assertIn(file)).hasMessageContaining("cut off");

    trail.kill();

    assertThat(trail.assertIn(file)).contains("0 lines, 1 cut off", "2 lost");
  }

  private Path file(String lines) throws IOException {
    return Files.writeString(directory.resolve("audit.jsonl"), lines);
  }
}
