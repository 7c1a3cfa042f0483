package io.shadowindex.bench;

import io.shadowindex.bench.Plan.Generation;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.SwitchStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** What every byte of an index costs: once to complete a build, once more to copy it. */
final class Sealing implements Measure {

  private static final String RATE = "MiB/s";
  private static final String SECONDS = "s";
  private static final String HASH = "sha256sum";
  private static final String COPY = "cp -a";
  private static final String SYNCED_COPY = "cp -a, synced";

  @Override
  public String id() {
    return "files";
  }

  @Override
  public Section run(Lab lab) throws Exception {
    var table = new Table();
    List<Generation> copied = lab.plan().copied();
    List<Generation> sealed = Stream.concat(lab.plan().sealed().stream(), copied.stream()).toList();
    Path log = lab.directory("files").resolve("log");
    for (Generation generation : sealed) {
      Path written = GenerationFiles.write(lab.directory("written"), generation);
      for (int round = 0; round < lab.plan().rounds(); round++) {
        ShadowIndex build = start(lab.shadowIndex(), generation, round);
        Path directory = Path.of(build.getShadowIndexPath());
        Files.move(written, directory, StandardCopyOption.ATOMIC_MOVE);
        settle(log, directory);
        complete(lab.shadowIndex(), build, generation, log, table);
        if (copied.contains(generation)) {
          copy(lab, build, generation, log, table);
        }
        written = takeBack(directory, lab.directory("written"));
      }
    }
    return new Section(
        id(),
        "CompleteBuild and COPY_AND_REPLACE",
        """
        The files are random bytes, written and synced before, in the page cache and the same ones in \
        every round. CompleteBuild walks \
        them, hashes them on all processors, makes them read-only and durable and writes the manifest; \
        sha256sum is run by `xargs` on as many files at once as there are processors. COPY_AND_REPLACE \
        is a whole SwitchIndex: it validates, copies, hashes the copy, makes it durable and switches; \
        `cp -a --reflink=auto` only copies, and once more with `sync` of the file system.\
        """,
        table,
        Stream.concat(
                sealed.stream().map(each -> target(table, completing(each), HASH)),
                copied.stream().map(each -> target(table, copying(each), COPY)))
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

  private static ShadowIndex start(ShadowIndexServer server, Generation generation, int round) {
    return server
        .stub()
        .startBuild(
            ShadowIndexServer.build("files", generation.name() + " " + round).toBuilder()
                .setSwitchStrategy(SwitchStrategy.Enum.COPY_AND_REPLACE)
                .build())
        .getShadowIndex();
  }

  private static void complete(
      ShadowIndexServer server, ShadowIndex build, Generation generation, Path log, Table table)
      throws IOException, InterruptedException {
    String hash =
        "find '%s' -type f -print0 | xargs -0 -n %d -P %d sha256sum"
            .formatted(
                build.getShadowIndexPath(),
                generation.files() <= 64 ? 1 : 64,
                Runtime.getRuntime().availableProcessors());
    add(table, HASH, completing(generation), generation, Peer.seconds(log, "sh", "-c", hash));
    var call =
        CompleteBuildRequest.newBuilder()
            .setShadowIndexId(build.getShadowIndexId())
            .setRecordCount(1)
            .build();
    long began = System.nanoTime();
    var _ = server.stub().completeBuild(call);
    add(table, ShadowIndexServer.NAME, completing(generation), generation, since(began));
  }

  private static void copy(Lab lab, ShadowIndex build, Generation generation, Path log, Table table)
      throws IOException, InterruptedException {
    Path directory = Path.of(build.getShadowIndexPath());
    Path copies = lab.directory("copies");
    settle(log, copies);
    double copied = copy(log, directory, copies.resolve("one"));
    add(table, COPY, copying(generation), generation, copied);
    settle(log, copies);
    long synced = System.nanoTime();
    var _ = copy(log, directory, copies.resolve("two"));
    settle(log, copies);
    add(table, SYNCED_COPY, copying(generation), generation, since(synced));
    long began = System.nanoTime();
    var _ = ServerFlip.switchTo(lab.shadowIndex(), build);
    add(table, ShadowIndexServer.NAME, copying(generation), generation, since(began));
  }

  /** The files of a complete build as they were before, for the next one. */
  private static Path takeBack(Path directory, Path to) throws IOException, InterruptedException {
    Files.move(directory, to, StandardCopyOption.ATOMIC_MOVE);
    var _ = Peer.seconds(Path.of("/dev/null"), "chmod", "-R", "u+w", to.toString());
    return to;
  }

  /**
   * Nobody pays for what was written before. Nothing is deleted until the end: ext4 without a
   * journal passes over the inodes of files that were deleted within the last minutes, one by one,
   * which makes new files thirty times as slow.
   */
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
