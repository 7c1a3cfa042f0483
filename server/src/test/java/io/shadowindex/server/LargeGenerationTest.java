package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.Samples;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.Index;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.RollbackIndexResponse;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.SwitchIndexResponse;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generations with many files or large ones: as safe as small ones, and locked no longer. */
final class LargeGenerationTest {

  private static final int CHANGES = Integer.getInteger("shadowindex.lockHolds", 40);
  private static final int MEBIBYTES = Integer.getInteger("shadowindex.mebibytes", 500);
  private static final int FILES = Integer.getInteger("shadowindex.files", 2000);

  /** More than are looked at under the lock. */
  private static final int SOME_FILES = 150;

  /** With fewer a quantile says more of the machine than of the server. */
  private static final int ENOUGH = 1000;

  private TestServer server;
  private volatile SwitchStep.Observer observer = SwitchStep.Observer.NONE;

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    server =
        TestServer.start(
            directory,
            new Environment(
                InstantSource.system(), FileOperations.real(), step -> observer.before(step)));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aSwitchIsTakenBackWhenTheLastOfManyFilesIsTouchedAfterTheFlip() throws IOException {
    ShadowIndex old = ofManyFiles("main", SOME_FILES);
    switchTo(old);
    ShadowIndex next = ofManyFiles("main", SOME_FILES);
    observer = AtStep.run(SwitchStep.VERIFY, () -> touch(next, SOME_FILES - 1));

    SwitchIndexResponse response = server.switchTo(next);

    assertThat(response.getSuccess()).isFalse();
    assertThat(response.getVerificationErrorsList())
        .containsExactly(name(SOME_FILES - 1) + " was changed after it was validated");
    assertThat(response.getShadowIndex().getState()).isEqualTo(State.CLEANUP);
    assertThat(server.get(old).getState()).isEqualTo(State.ACTIVE);
    assertLive(old);
  }

  @Test
  void aRollbackStaysAndSaysSoWhenTheLastOfManyFilesIsTouchedAfterTheFlip() throws IOException {
    ShadowIndex first = ofManyFiles("main", SOME_FILES);
    switchTo(first);
    switchTo(ofManyFiles("main", SOME_FILES));
    observer = AtStep.run(SwitchStep.VERIFY, () -> touch(first, SOME_FILES - 1));

    RollbackIndexResponse response = rollBack("main");

    assertThat(response.getSuccess()).isTrue();
    assertThat(response.getVerificationErrorsList())
        .containsExactly(name(SOME_FILES - 1) + " was changed after it was validated");
    assertLive(first);
  }

  /** In turns, so that all three meet the same load of the machine. */
  @Test
  void theLockIsHeldNoLongerWhateverTheSize() throws IOException {
    for (int generation = 0; generation < 2; generation++) {
      switchTo(ofOneFile("small", 1));
      switchTo(ofOneFile("large", MEBIBYTES));
      switchTo(ofManyFiles("many", FILES));
    }
    var small = new Samples();
    var large = new Samples();
    var many = new Samples();
    for (int i = 0; i < CHANGES; i++) {
      small.addMicros(changedTo("small", i));
      large.addMicros(changedTo("large", i));
      if (i % 10 == 0) { // looking at all files beforehand takes its time
        many.addMicros(changedTo("many", i / 10));
      }
    }
    System.out.printf(
        "lock held %d times each: 1 MiB %s; %d MiB %s; %d files %s%n",
        CHANGES, small, MEBIBYTES, large, FILES, many);
    assertThat(small.quantile(0)).isPositive();
    if (CHANGES >= ENOUGH) {
      assertThat(large.quantile(0.99).toNanos()).isLessThan(small.quantile(0.99).toNanos() * 3 / 2);
      assertThat(many.quantile(0.5).toNanos()).isLessThan(small.quantile(0.5).toNanos() * 2);
    }
  }

  private void switchTo(ShadowIndex generation) {
    assertThat(server.switchTo(generation).getSuccess()).isTrue();
  }

  /** Micros that the lock was held for the change from one of two generations to the other. */
  private long changedTo(String branch, int number) {
    RollbackIndexResponse response = number % 2 == 0 ? rollBack(branch) : rollForward(branch);
    assertThat(response.getSuccess()).isTrue();
    return response.getLockHeldMicros();
  }

  private ShadowIndex ofOneFile(String branch, int mebibytes) throws IOException {
    ShadowIndex build = server.startBuild(branch);
    Path segment = Path.of(build.getShadowIndexPath()).resolve("segment");
    try (var file = new RandomAccessFile(segment.toFile(), "rw")) {
      file.setLength((long) mebibytes << 20); // sparse: costs no disk
    }
    return complete(build);
  }

  private ShadowIndex ofManyFiles(String branch, int files) throws IOException {
    ShadowIndex build = server.startBuild(branch);
    for (int i = 0; i < files; i++) {
      TestServer.write(build, name(i), "records");
    }
    return complete(build);
  }

  /** The names sort as their numbers do. */
  private static String name(int number) {
    return "part-%02d/segment-%06d".formatted(number / 1000, number);
  }

  private ShadowIndex complete(ShadowIndex build) {
    return server
        .stub()
        .withDeadlineAfter(10, TimeUnit.MINUTES)
        .completeBuild(
            CompleteBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setRecordCount(1)
                .build())
        .getShadowIndex();
  }

  private static void touch(ShadowIndex generation, int number) throws IOException {
    Path file = Path.of(generation.getShadowIndexPath()).resolve(name(number));
    try (var content = new RandomAccessFile(file.toFile(), "rw")) {
      content.write('R');
    }
  }

  private RollbackIndexResponse rollBack(String branch) {
    return rollBack(request(branch));
  }

  private RollbackIndexResponse rollForward(String branch) {
    Index index =
        server
            .stub()
            .getIndex(
                GetIndexRequest.newBuilder()
                    .setBranchName(branch)
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .build())
            .getIndex();
    return rollBack(
        request(branch).setShadowIndexId(index.getRetainedGenerations(0).getShadowIndexId()));
  }

  private RollbackIndexResponse rollBack(RollbackIndexRequest.Builder request) {
    return server.stub().rollbackIndex(request.build());
  }

  private static RollbackIndexRequest.Builder request(String branch) {
    return RollbackIndexRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(IndexType.Enum.SEARCH_INDEX);
  }

  private static void assertLive(ShadowIndex expected) throws IOException {
    assertThat(Path.of(expected.getCurrentIndexPath()).toRealPath())
        .isEqualTo(Path.of(expected.getShadowIndexPath()).toRealPath());
  }
}
