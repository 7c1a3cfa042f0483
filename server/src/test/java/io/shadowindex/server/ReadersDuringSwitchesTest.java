package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.testing.IndexReaders;
import io.shadowindex.server.testing.Samples;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Readers that never pause while the index under them is replaced a thousand times. */
final class ReadersDuringSwitchesTest {

  private static final int SWITCHES = Integer.getInteger("shadowindex.switches", 300);

  /** How many reads there have to be at least. */
  private static final long READS = Long.getLong("shadowindex.reads", SWITCHES);

  private static final int READERS = Integer.getInteger("shadowindex.readers", 4);
  private static final List<String> FILES = List.of("segments", "terms", "sub/postings");

  @Test
  void everyReadFindsOneWholeGeneration(@TempDir Path directory) throws Exception {
    var lockHeld = new Samples();
    try (TestServer server = TestServer.start(directory)) {
      ShadowIndex first = generation(server);
      assertThat(server.switchTo(first).getSuccess()).isTrue();
      Path link = Path.of(first.getCurrentIndexPath());
      IndexReaders readers =
          IndexReaders.start(READERS, link, ReadersDuringSwitchesTest::readWhole);
      try (readers) {
        for (int i = 0; i < SWITCHES; i++) {
          SwitchIndexResponse response = server.switchTo(generation(server));
          assertThat(response.getSuccess()).isTrue();
          lockHeld.addMicros(response.getLockHeldMicros());
        }
      }
      System.out.printf("%d switches, %s; lock held %s%n", SWITCHES, readers, lockHeld);
      assertThat(readers.misses()).isEmpty();
      assertThat(readers.reads()).isGreaterThanOrEqualTo(READS);
      assertThat(readers.generationsSeen()).isGreaterThan(SWITCHES / 10);
    }
  }

  private static ShadowIndex generation(TestServer server) throws IOException {
    ShadowIndex build = server.startBuild("main");
    for (String file : FILES) {
      TestServer.write(build, file, build.getShadowIndexId());
    }
    return server.complete(build, 1);
  }

  private static void readWhole(Path generation) throws IOException {
    for (String file : FILES) {
      assertThat(Files.readString(generation.resolve(file)))
          .isEqualTo(generation.getFileName().toString());
    }
  }
}
