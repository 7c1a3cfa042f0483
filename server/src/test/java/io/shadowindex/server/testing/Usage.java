package io.shadowindex.server.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What a server process uses at one moment.
 *
 * @param heapBytes what is left of the heap after a full collection
 * @param rssBytes what the process has of the machine's memory, after that collection
 * @param descriptors open files and sockets
 * @param threads of the operating system
 * @param indexFiles files and directories below the index root
 * @param stateBytes the size of the state
 */
public record Usage(
    long heapBytes,
    long rssBytes,
    long descriptors,
    long threads,
    long indexFiles,
    long stateBytes) {

  private static final long MEBIBYTE = 1 << 20;

  /** H2 writes over nothing for 45 seconds, in which a busy store comes to some hundred MiB. */
  private static final long STATE_BEFORE_REUSE = 1024 * MEBIBYTE;

  /** Of the process with that id that has its data and its indexes in that directory. */
  public static Usage of(long pid, Path data) throws IOException, InterruptedException {
    long heap = liveHeapBytes(pid);
    Path process = Path.of("/proc", Long.toString(pid));
    return new Usage(
        heap,
        settledRssBytes(process),
        count(process.resolve("fd")),
        count(process.resolve("task")),
        countTree(data.resolve("index")),
        size(data.resolve("state")));
  }

  /**
   * Fails unless it is about as much as an earlier one of the same process, under the same load.
   */
  public void assertFlat(Usage before) {
    assertThat(heapBytes)
        .as("heap")
        .isLessThan(before.heapBytes + before.heapBytes / 4 + 16 * MEBIBYTE);
    assertThat(rssBytes)
        .as("memory")
        .isLessThan(before.rssBytes + before.rssBytes / 4 + 64 * MEBIBYTE);
    assertThat(descriptors).as("descriptors").isLessThan(before.descriptors + 20);
    assertThat(threads).as("threads").isLessThan(before.threads + 20);
    assertThat(indexFiles).as("files").isLessThan(2 * before.indexFiles + 500);
    assertThat(stateBytes)
        .as("state")
        .isLessThan(before.stateBytes + before.stateBytes / 4 + STATE_BEFORE_REUSE);
  }

  /** The last line of a histogram, for which the JVM collects, is "Total objects bytes". */
  private static long liveHeapBytes(long pid) throws IOException, InterruptedException {
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(pid),
                "GC.class_histogram")
            .start();
    List<String> lines = new String(jcmd.getInputStream().readAllBytes(), UTF_8).lines().toList();
    if (jcmd.waitFor() != 0 || lines.isEmpty() || !lines.getLast().startsWith("Total")) {
      throw new IOException("jcmd says " + lines);
    }
    String[] words = lines.getLast().split("\\s+", -1);
    return Long.parseLong(words[2]);
  }

  /** The least within a second, in which the JVM gives back, piece by piece, what was collected. */
  private static long settledRssBytes(Path process) throws IOException, InterruptedException {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 20; i++) {
      least = Math.min(least, rssBytes(process));
      Thread.sleep(50);
    }
    return least;
  }

  private static long rssBytes(Path process) throws IOException {
    String line =
        Files.readAllLines(process.resolve("status")).stream()
            .filter(each -> each.startsWith("VmRSS:"))
            .findFirst()
            .orElseThrow();
    return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
  }

  private static long count(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    }
  }

  /** What is there, while others delete. */
  private static long countTree(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      long count = 0;
      for (Path entry : entries.toList()) {
        boolean isDirectory = Files.isDirectory(entry) && !Files.isSymbolicLink(entry);
        count += 1 + (isDirectory ? countTree(entry) : 0);
      }
      return count;
    } catch (NoSuchFileException deleted) {
      return 0;
    }
  }

  private static long size(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      long size = 0;
      for (Path entry : entries.toList()) {
        size += entry.toFile().length();
      }
      return size;
    }
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "heap %.1f MiB, memory %.0f MiB, %d descriptors, %d threads, %d index files, state %.1f MiB",
        (double) heapBytes / MEBIBYTE,
        (double) rssBytes / MEBIBYTE,
        descriptors,
        threads,
        indexFiles,
        (double) stateBytes / MEBIBYTE);
  }
}
