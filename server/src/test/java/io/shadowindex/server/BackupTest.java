package io.shadowindex.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assumptions.assumeThatCode;
import static org.awaitility.Awaitility.await;

import io.grpc.Context;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.storage.StateRestore;
import io.shadowindex.server.storage.StateRestore.NotBackupException;
import io.shadowindex.server.storage.StateRestore.StateExistsException;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.BackUpStateRequest;
import io.shadowindex.v1.BackUpStateResponse;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchBuildRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backup of a running server becomes a state again, and nothing is given out twice. */
final class BackupTest {

  private Path directory = Path.of("");
  private Path file = Path.of("");
  private TestServer server;

  @BeforeEach
  void startServer(@TempDir Path temporary) throws IOException {
    directory = temporary.resolve("data");
    file = temporary.resolve("backup.zip");
    server = TestServer.start(directory);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void whatWasAcknowledgedBeforeABackupIsInIt() throws IOException {
    ShadowIndex live = switched();
    ShadowIndex building = server.startBuild("feature");

    backUp();
    server.cancel(building);
    ShadowIndex later = switched();
    restore(true);

    assertThat(server.get(live).getState()).isEqualTo(State.ACTIVE);
    assertThat(server.get(building).getState()).isEqualTo(State.BUILDING);
    assertRefused(Code.NOT_FOUND, () -> server.get(later));
    assertThat(liveLink()).hasFileName(live.getShadowIndexId());
    ShadowIndex next = switched();
    assertThat(liveLink()).hasFileName(next.getShadowIndexId());
  }

  @Test
  void backupsWhileBuildsBeginAreWholeEachTime() throws Exception {
    var acknowledged = new ConcurrentLinkedQueue<ShadowIndex>();
    var enough = new AtomicBoolean();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int thread = 0; thread < 4; thread++) {
        int number = thread;
        var _ =
            threads.submit(
                () -> {
                  while (!enough.get()) {
                    ShadowIndex build = server.startBuild("branch-" + number);
                    acknowledged.add(build);
                    server.cancel(build);
                  }
                  return null;
                });
      }
      try {
        for (int round = 0; round < 5; round++) {
          int before = acknowledged.size();
          await().until(() -> acknowledged.size() > before);
          List<ShadowIndex> known = List.copyOf(acknowledged);
          backUp();
          Path elsewhere = directory.resolveSibling("restored-" + round);
          Files.createDirectories(elsewhere);
          assertThat(restoring(elsewhere).restore(file, false)).isNull();
          try (TestServer other = TestServer.start(elsewhere)) {
            known.forEach(other::get);
          }
        }
      } finally {
        enough.set(true);
      }
    }
  }

  @Test
  void nothingIsGivenOutTwice() throws IOException {
    ShadowIndex build = server.startBuild("main");
    backUp();
    ShadowIndex afterwards = server.retry(server.fail(build));
    restore(true);

    ShadowIndex restored = server.retry(server.fail(build));

    assertThat(restored.getFencingToken()).isGreaterThan(afterwards.getFencingToken());
    assertThat(restored.getRevision()).isGreaterThan(afterwards.getRevision());
    var watch =
        server
            .stub()
            .watchBuild(
                WatchBuildRequest.newBuilder()
                    .setShadowIndexId(build.getShadowIndexId())
                    .setFromRevision(afterwards.getRevision())
                    .build());
    assertRefused(Code.OUT_OF_RANGE, watch::next);
  }

  @Test
  void aLinkIsLeftAloneWhereTheRestoredGenerationHasNoFilesAnyMore() throws IOException {
    ShadowIndex restored = switched();
    backUp();
    ShadowIndex later = switched();
    server.close();
    FileOperations.real().deleteTree(Path.of(restored.getShadowIndexPath()));
    restoring(directory).restore(file, true);
    server = TestServer.start(directory);

    assertThat(liveLink()).hasFileName(later.getShadowIndexId());
  }

  @Test
  void whatRootRestoresBelongsToWhomTheDirectoryBelongs() throws IOException {
    server.startBuild("main");
    backUp();
    Path elsewhere = Files.createDirectories(directory.resolveSibling("elsewhere"));
    UserPrincipal nobody =
        elsewhere.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
    assumeThatCode(() -> Files.setOwner(elsewhere, nobody)).doesNotThrowAnyException();

    int exit =
        Main.commandLine().execute("restore", file.toString(), "--data-dir", elsewhere.toString());

    assertThat(exit).isZero();
    assertThat(elsewhere.resolve("state")).isDirectoryContaining("glob:**.mv.db");
    try (var made = Files.walk(elsewhere)) {
      assertThat(made).allSatisfy(path -> assertThat(Files.getOwner(path)).isEqualTo(nobody));
    }
  }

  @Test
  void aStateThatIsThereIsOnlyMovedAsideWhenThatIsWanted() throws IOException {
    ShadowIndex build = server.startBuild("main");
    backUp();
    server.close();

    assertThatThrownBy(() -> restoring(directory).restore(file, false))
        .isInstanceOf(StateExistsException.class);
    Path aside = restoring(directory).restore(file, true);

    assertThat(aside).isDirectoryContaining("glob:**.mv.db");
    server = TestServer.start(directory);
    assertThat(server.get(build).getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void aFileThatIsNoBackupOrDamagedChangesNothing() throws IOException {
    ShadowIndex build = server.startBuild("main");
    backUp();
    server.close();
    byte[] whole = Files.readAllBytes(file);
    byte[] flipped = whole.clone();
    flipped[whole.length / 2] ^= 1;
    byte[] cutOff = Arrays.copyOf(whole, whole.length - 100);
    for (byte[] bad : List.of(flipped, cutOff, "no zip".getBytes(UTF_8), new byte[0])) {
      Files.write(file, bad);
      assertThatThrownBy(() -> restoring(directory).restore(file, true))
          .isInstanceOf(NotBackupException.class);
    }
    assertThat(directory).isDirectoryNotContaining("glob:**/state.*");
    server = TestServer.start(directory);
    assertThat(server.get(build).getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void aCrashBetweenTheTwoStatesIsEndedByTheNextStart() throws IOException {
    ShadowIndex build = server.startBuild("main");
    server.close();
    Files.move(directory.resolve("state"), directory.resolve("state.restored"));

    server = TestServer.start(directory);

    assertThat(server.get(build).getState()).isEqualTo(State.BUILDING);
  }

  @Test
  void aBackupLeavesNothingBehindHoweverItEnds() throws IOException {
    server.startBuild("main");
    backUp();
    assertThat(directory.resolve("backup")).isEmptyDirectory();

    var caller = Context.current().withCancellation();
    caller.run(
        () -> {
          assertThat(stream().next().getTotalBytes()).isPositive();
          caller.cancel(null);
        });
    await().untilAsserted(() -> assertThat(directory.resolve("backup")).isEmptyDirectory());

    Files.createFile(directory.resolve("backup/left-by-a-crash.zip"));
    server.close();
    server = TestServer.start(directory);
    assertThat(directory.resolve("backup")).doesNotExist();
  }

  private ShadowIndex switched() throws IOException {
    ShadowIndex build = server.built("main");
    assertThat(server.switchTo(build).getSuccess()).isTrue();
    return build;
  }

  private Path liveLink() throws IOException {
    return directory.resolve("index/live/main/SEARCH_INDEX/default").toRealPath();
  }

  private Iterator<BackUpStateResponse> stream() {
    return AdminServiceGrpc.newBlockingStub(server.channel())
        .backUpState(BackUpStateRequest.getDefaultInstance());
  }

  private void backUp() throws IOException {
    long size = 0;
    try (var out = Files.newOutputStream(file)) {
      for (var pieces = stream(); pieces.hasNext(); ) {
        BackUpStateResponse piece = pieces.next();
        piece.getContent().writeTo(out);
        size = piece.getTotalBytes();
      }
    }
    assertThat(file).hasSize(size);
  }

  private void restore(boolean replace) throws IOException {
    server.close();
    restoring(directory).restore(file, replace);
    server = TestServer.start(directory);
  }

  private static StateRestore restoring(Path directory) {
    return new StateRestore(directory, FileOperations.real(), InstantSource.system());
  }

  private static void assertRefused(Code code, Runnable call) {
    var refused = catchThrowableOfType(StatusRuntimeException.class, call::run);
    assertThat(refused.getStatus().getCode()).isEqualTo(code);
  }
}
