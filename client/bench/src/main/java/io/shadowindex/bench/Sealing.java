package io.shadowindex.bench;

import io.shadowindex.bench.Plan.Generation;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.SwitchStrategy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What every byte of an index costs: once to complete a build, once more to copy it. */
final class Sealing implements Measure {

  private static final String RATE = "MiB/s";
  private static final String SECONDS = "s";
  private static final String HASH = "sha256sum";
  private static final String COPY = "cp -a";
  private static final String SYNCED_COPY = "cp -a, synced";
  private static final int LARGE_FILES = 8;
  private static final int SMALL_FILE_BYTES = 1024;

  @Override
  public String id() {
    return "files";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    long bytes = (long) lab.plan().sealedMebibytes() << 20;
    var large =
        new Generation(
            "%,d MiB in %d files".formatted(lab.plan().sealedMebibytes(), LARGE_FILES),
            bytes,
            LARGE_FILES);
    int files = lab.plan().sealedFiles();
    var many =
        new Generation(
            "%,d files of 1 KiB".formatted(files), (long) files * SMALL_FILE_BYTES, files);
    try (ShadowIndexServer server = lab.shadowIndex()) {
      for (Generation generation : List.of(large, many)) {
        for (int round = 0; round < lab.plan().rounds(); round++) {
          measure(lab, server, generation, round, table);
        }
      }
    }
    return new Section(
        id(),
        "CompleteBuild and COPY_AND_REPLACE",
        """
        The files are random bytes, written and synced before, and in the page cache. CompleteBuild walks \
        them, hashes them on all processors, makes them read-only and durable and writes the manifest; \
        sha256sum is run by `xargs` on as many files at once as there are processors. COPY_AND_REPLACE \
        is a whole SwitchIndex: it validates, copies, hashes the copy, makes it durable and switches; \
        `cp -a --reflink=auto` only copies, and once more with `sync` of the file system.\
        """,
        table,
        Stream.of(large, many)
            .flatMap(
                generation ->
                    Stream.of(
                        target(table, completing(generation), HASH),
                        target(table, copying(generation), COPY)))
            .toList(),
        List.of(RATE));
  }

  private static Target target(Table table, String load, String peer) {
    return Target.atLeast(
        0.9,
        "MiB/s against %s, %s".formatted(peer, load),
        table.ratio(ShadowIndexServer.NAME, peer, load, RATE));
  }

  private static String completing(Generation generation) {
    return "CompleteBuild, " + generation.name();
  }

  private static String copying(Generation generation) {
    return "copy, " + generation.name();
  }

  private static void measure(
      Lab lab, ShadowIndexServer server, Generation generation, int round, Table table)
      throws IOException, InterruptedException {
    Path log = lab.directory("files").resolve("log");
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                ShadowIndexServer.build(generation.files() + "-" + round).toBuilder()
                    .setSwitchStrategy(SwitchStrategy.Enum.COPY_AND_REPLACE)
                    .build())
            .getShadowIndex();
    Path directory = Path.of(build.getShadowIndexPath());
    GenerationFiles.write(directory, generation);
    settle(log, directory);

    String processors = Integer.toString(Runtime.getRuntime().availableProcessors());
    String hash =
        "find '%s' -type f -print0 | xargs -0 -n 64 -P %s sha256sum"
            .formatted(directory, processors);
    if (generation.files() <= 64) {
      hash = hash.replace("-n 64", "-n 1");
    }
    add(table, HASH, completing(generation), generation, Peer.seconds(log, "sh", "-c", hash));
    long began = System.nanoTime();
    ShadowIndex complete =
        server
            .stub()
            .completeBuild(
                CompleteBuildRequest.newBuilder()
                    .setShadowIndexId(build.getShadowIndexId())
                    .setRecordCount(1)
                    .build())
            .getShadowIndex();
    add(table, ShadowIndexServer.NAME, completing(generation), generation, since(began));

    Path copies = lab.directory("copies");
    settle(log, copies);
    double copied = copy(log, directory, copies.resolve("one"));
    add(table, COPY, copying(generation), generation, copied);
    settle(log, copies);
    long synced = System.nanoTime();
    var _ = copy(log, directory, copies.resolve("two"));
    settle(log, copies);
    add(table, SYNCED_COPY, copying(generation), generation, since(synced));
    Lab.delete(copies);
    settle(log, directory);
    began = System.nanoTime();
    var _ = ServerFlip.switchTo(server, complete);
    add(table, ShadowIndexServer.NAME, copying(generation), generation, since(began));
  }

  /** Nobody pays for what was written or deleted before. */
  private static void settle(Path log, Path directory) throws IOException, InterruptedException {
    var _ = Peer.seconds(log, "sync", "-f", directory.toString());
  }

  private static double copy(Path log, Path from, Path to)
      throws IOException, InterruptedException {
    return Peer.seconds(log, "cp", "-a", "--reflink=auto", from.toString(), to.toString());
  }

  private static double since(long began) {
    return (System.nanoTime() - began) / 1e9;
  }

  private static void add(
      Table table, String subject, String load, Generation generation, double seconds) {
    table
        .add(subject, load, RATE, generation.bytes() / (double) (1 << 20) / seconds)
        .add(subject, load, SECONDS, seconds);
  }
}
