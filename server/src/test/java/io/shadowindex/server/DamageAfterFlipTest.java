package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.IndexReaders;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A generation that is damaged between the flip and its verification is left again. */
final class DamageAfterFlipTest {

  private static final int SWITCHES = Integer.getInteger("shadowindex.damages", 100);

  private volatile SwitchStep.Observer observer = SwitchStep.Observer.NONE;

  @Test
  void everySwitchToAGenerationDamagedAfterTheFlipIsRolledBack(@TempDir Path directory)
      throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    var random = new Random(seed);
    int rolledBack = 0;
    try (TestServer server =
        TestServer.start(
            directory,
            new Environment(
                InstantSource.system(), FileOperations.real(), step -> observer.before(step)))) {
      ShadowIndex live = server.built("main");
      assertThat(server.switchTo(live).getSuccess()).isTrue();
      IndexReaders readers =
          IndexReaders.start(
              2,
              Path.of(live.getCurrentIndexPath()),
              generation -> Files.size(generation.resolve("segment")));
      try (readers) {
        for (int i = 0; i < SWITCHES; i++) {
          ShadowIndex next = server.built("main");
          Path segment = Path.of(next.getShadowIndexPath()).resolve("segment");
          observer = AtStep.run(SwitchStep.VERIFY, () -> damage(segment, random));
          SwitchIndexResponse response = server.switchTo(next);
          observer = SwitchStep.Observer.NONE;
          assertThat(response.getSuccess()).isFalse();
          assertThat(response.getShadowIndex().getState()).isEqualTo(State.FAILED);
          assertThat(response.getIndexAccessible()).isTrue();
          rolledBack++;
        }
      }
      System.out.printf("%d of %d rolled back; %s%n", rolledBack, SWITCHES, readers);
      assertThat(readers.misses()).isEmpty();
      assertThat(server.get(live).getState()).isEqualTo(State.ACTIVE);
    }
  }

  /** Flips one bit, or cuts the file. */
  private static void damage(Path file, Random random) throws IOException {
    try (var content = new RandomAccessFile(file.toFile(), "rw")) {
      if (random.nextInt(4) == 0) {
        content.setLength(random.nextLong(content.length()));
        return;
      }
      long position = random.nextLong(content.length());
      content.seek(position);
      int old = content.read();
      content.seek(position);
      content.write(old ^ (1 << random.nextInt(8)));
    }
  }
}
