package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Readers that never pause while the index under them is replaced a thousand times. */
final class ReadersDuringSwitchesTest {

  private static final int SWITCHES = Integer.getInteger("shadowindex.switches", 1000);
  private static final int READERS = Integer.getInteger("shadowindex.readers", 4);
  private static final List<String> FILES = List.of("segments", "terms", "sub/postings");

  private final Queue<String> misses = new ConcurrentLinkedQueue<>();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong generationsSeen = new AtomicLong();
  private final AtomicBoolean done = new AtomicBoolean();

  @Test
  void everyReadFindsOneWholeGeneration(@TempDir Path directory) throws Exception {
    long[] lockHeldMicros = new long[SWITCHES];
    try (TestServer server = TestServer.start(directory)) {
      ShadowIndex first = generation(server);
      assertThat(server.switchTo(first).getSuccess()).isTrue();
      List<Thread> readers = startReaders(Path.of(first.getCurrentIndexPath()));
      for (int i = 0; i < SWITCHES; i++) {
        ShadowIndex next = generation(server);
        SwitchIndexResponse response = server.switchTo(next);
        assertThat(response.getSuccess()).isTrue();
        lockHeldMicros[i] = response.getLockHeldMicros();
      }
      done.set(true);
      for (Thread reader : readers) {
        reader.join();
      }
    }

    Arrays.sort(lockHeldMicros);
    System.out.printf(
        "%d switches, %d reads, %d misses; lock held p50 %.2f ms, p99 %.2f ms, max %.2f ms%n",
        SWITCHES,
        reads.get(),
        misses.size(),
        lockHeldMicros[SWITCHES / 2] / 1e3,
        lockHeldMicros[SWITCHES * 99 / 100] / 1e3,
        lockHeldMicros[SWITCHES - 1] / 1e3);
    assertThat(misses).isEmpty();
    assertThat(reads).hasValueGreaterThan(SWITCHES);
    assertThat(generationsSeen).hasValueGreaterThan(SWITCHES / 10);
  }

  private static ShadowIndex generation(TestServer server) throws IOException {
    ShadowIndex build = server.startBuild("main");
    for (String file : FILES) {
      TestServer.write(build, file, build.getShadowIndexId());
    }
    return server.complete(build, 1);
  }

  private List<Thread> startReaders(Path link) {
    var readers = new ArrayList<Thread>();
    for (int i = 0; i < READERS; i++) {
      readers.add(Thread.ofPlatform().name("reader-" + i).start(() -> readUntilDone(link)));
    }
    return readers;
  }

  private void readUntilDone(Path link) {
    String last = "";
    while (!done.get()) {
      try {
        String seen = readOnce(link);
        generationsSeen.addAndGet(seen.equals(last) ? 0 : 1);
        last = seen;
      } catch (IOException | AssertionError e) {
        misses.add(e.toString());
      }
      reads.incrementAndGet();
    }
  }

  /** Resolves the link once, as a search library does, and reads all files of what it leads to. */
  private static String readOnce(Path link) throws IOException {
    Path generation = link.toRealPath();
    String id = generation.getFileName().toString();
    for (String file : FILES) {
      assertThat(Files.readString(generation.resolve(file))).isEqualTo(id);
    }
    return id;
  }
}
