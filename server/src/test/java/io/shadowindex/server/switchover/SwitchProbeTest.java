package io.shadowindex.server.switchover;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.index.IndexFormats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That nobody waits for an index that does not answer. */
final class SwitchProbeTest {

  private static final String TOO_LONG = "the probe queries took longer than 300 ms";

  @TempDir private Path directory;

  @Test
  void anIndexThatHangsBeforeTheSwitchIsAFailure() throws IOException {
    SwitchProbe.Findings found = probe().before(List.of("a"), index("query=hangs"), null);

    assertThat(found.failures()).containsExactly(TOO_LONG);
    assertThat(found.live()).isSameAs(LiveProbe.NONE);
  }

  @Test
  void anIndexThatHangsBehindTheLinkIsAnError() throws IOException {
    Path index = index("query=0\nquery.live=hangs");
    Path link = Files.createSymbolicLink(directory.resolve("link"), index);

    SwitchProbe.Findings found = probe().before(List.of("a"), index, null);

    assertThat(found.failures()).isEmpty();
    assertThat(found.live().errors(link)).containsExactly(TOO_LONG);
  }

  private static SwitchProbe probe() throws IOException {
    return new SwitchProbe(IndexFormats.installed(), 0, Duration.ofMillis(300));
  }

  private Path index(String script) throws IOException {
    Path index = Files.createDirectory(directory.resolve("index"));
    Files.writeString(index.resolve("script"), script);
    return index;
  }
}
