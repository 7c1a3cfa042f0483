package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.CutOffSwitches;
import io.shadowindex.server.testing.DiskFaults;
import io.shadowindex.server.testing.DiskFaults.Fault;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.DeleteIndexRequest;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.RollbackIndexRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The disk fails at every file operation of every change in turn, in every way. What failed is not
 * acknowledged, no reader notices, link and database agree, and the same call works as soon as the
 * disk does.
 */
final class DiskFaultTest {

  private final DiskFaults disk = new DiskFaults();
  private Path directory = Path.of("");
  private TestServer server;
  private volatile SwitchStep.Observer observer = SwitchStep.Observer.NONE;

  @BeforeEach
  void startServer(@TempDir Path temporary) throws IOException {
    directory = temporary;
    start();
  }

  private void start() throws IOException {
    server =
        TestServer.start(
            directory,
            new Environment(InstantSource.system(), disk.files(), step -> observer.before(step)));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  /** The calls that change files. */
  enum Change {
    START,
    COMPLETE,
    FIRST_SWITCH,
    SWITCH,
    COPY_AND_SWITCH,
    /** Taken back, for a file that is gone after the flip. */
    SWITCH_TO_DAMAGED,
    ROLL_BACK,
    DELETE
  }

  /**
   * An index about to be changed.
   *
   * @param live its active generation; null when it has none
   * @param next the build that the change is about; null when there is none yet
   */
  private record Scene(String branch, @Nullable ShadowIndex live, @Nullable ShadowIndex next) {}

  private static Stream<Arguments> everyChangeAndFault() {
    return Arrays.stream(Change.values())
        .flatMap(change -> Arrays.stream(Fault.values()).map(fault -> Arguments.of(change, fault)));
  }

  @ParameterizedTest
  @MethodSource("everyChangeAndFault")
  void whatFailedIsNotAcknowledgedAndHarmsNobody(Change change, Fault fault) throws IOException {
    boolean reached = true;
    for (int call = 0; reached; call++) {
      Scene scene = prepare(change, "branch-" + call);
      disk.fail(call, fault);
      var refused =
          catchThrowableOfType(StatusRuntimeException.class, () -> carryOut(change, scene));
      reached = disk.calls().size() > call;
      disk.heal();

      boolean unknown = refused != null && refused.getStatus().getCode() == Code.UNAVAILABLE;
      if (unknown) {
        assertThat(TestServer.reason(refused)).isEqualTo("OUTCOME_UNKNOWN");
        assertThat(server.failures()).as("what ends the process").hasSize(1);
        server.close();
        start();
      } else if (refused != null) {
        assertThat(refused.getStatus().getCode()).isEqualTo(code(fault));
      }
      boolean happened = happened(change, scene);
      assertThat(unknown || happened == (refused == null))
          .as("call %d: told %s, is %s", call, refused, happened)
          .isTrue();
      assertLive(change, scene, happened);
      if (!happened) {
        if (change == Change.COMPLETE && server.get(next(scene)).getState() == State.FAILED) {
          writeFiles(server.retry(next(scene))); // what was written may be lost
        }
        carryOut(change, scene);
        assertThat(happened(change, scene)).as("the same call on a healthy disk").isTrue();
        assertLive(change, scene, true);
      }
    }
  }

  @Test
  void aRecoveryThatFailsAtAnyOperationIsRepeatedByTheNextStart(@TempDir Path temporary)
      throws IOException {
    Path crashed = temporary.resolve("crashed");
    CutOffSwitches switches = CutOffSwitches.in(crashed);
    boolean reached = true;
    for (int call = 0; reached; call++) {
      server.close();
      directory = temporary.resolve("copy-" + call);
      CutOffSwitches.copy(crashed, directory);
      disk.fail(call, Fault.IO_ERROR);
      boolean started = tryToStart();
      reached = disk.calls().size() > call;
      disk.heal();
      if (!started) {
        start();
      }
      switches.assertRecovered(server, directory);
    }
  }

  private boolean tryToStart() {
    try {
      start();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static Code code(Fault fault) {
    return switch (fault) {
      case DISK_FULL -> Code.RESOURCE_EXHAUSTED;
      case IO_ERROR -> Code.INTERNAL;
      case READ_ONLY -> Code.FAILED_PRECONDITION;
    };
  }

  private Scene prepare(Change change, String branch) throws IOException {
    return switch (change) {
      case START -> new Scene(branch, null, null);
      case COMPLETE -> {
        ShadowIndex build = server.startBuild(branch);
        writeFiles(build);
        yield new Scene(branch, null, build);
      }
      case FIRST_SWITCH -> new Scene(branch, null, server.built(branch));
      case SWITCH -> new Scene(branch, switched(branch), server.built(branch));
      case SWITCH_TO_DAMAGED -> {
        var scene = new Scene(branch, switched(branch), server.built(branch));
        Path segment = Path.of(next(scene).getShadowIndexPath()).resolve("segment");
        observer = AtStep.run(SwitchStep.VERIFY, () -> Files.deleteIfExists(segment));
        yield scene;
      }
      case COPY_AND_SWITCH -> new Scene(branch, switched(branch), toBeCopied(branch));
      case ROLL_BACK -> {
        ShadowIndex earlier = switched(branch);
        yield new Scene(branch, switched(branch), earlier);
      }
      case DELETE -> new Scene(branch, switched(branch), null);
    };
  }

  private static void writeFiles(ShadowIndex build) throws IOException {
    TestServer.write(build, "segment", build.getShadowIndexId());
    TestServer.write(build, "sub/segment", build.getShadowIndexId());
  }

  private ShadowIndex toBeCopied(String branch) throws IOException {
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                StartBuildRequest.newBuilder()
                    .setBranchName(branch)
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .addResourceTypes("object_type")
                    .setSwitchStrategy(SwitchStrategy.Enum.COPY_AND_REPLACE)
                    .build())
            .getShadowIndex();
    TestServer.write(build, "segment", "records of " + build.getShadowIndexId());
    return server.complete(build, 100);
  }

  private ShadowIndex switched(String branch) throws IOException {
    ShadowIndex build = server.built(branch);
    assertThat(server.switchTo(build).getSuccess()).isTrue();
    return build;
  }

  private void carryOut(Change change, Scene scene) {
    switch (change) {
      case START -> server.startBuild(scene.branch());
      case COMPLETE -> server.complete(next(scene), 1);
      case FIRST_SWITCH, SWITCH, COPY_AND_SWITCH ->
          assertThat(server.switchTo(next(scene)).getSuccess()).as("refused by status").isTrue();
      case SWITCH_TO_DAMAGED ->
          assertThat(server.switchTo(next(scene)).getVerificationErrorsList())
              .singleElement(STRING)
              .endsWith("segment is missing");
      case ROLL_BACK ->
          assertThat(
                  server
                      .stub()
                      .rollbackIndex(
                          RollbackIndexRequest.newBuilder()
                              .setBranchName(scene.branch())
                              .setIndexType(IndexType.Enum.SEARCH_INDEX)
                              .build())
                      .getSuccess())
              .as("refused by status")
              .isTrue();
      case DELETE -> {
        var _ =
            server
                .stub()
                .deleteIndex(
                    DeleteIndexRequest.newBuilder()
                        .setBranchName(scene.branch())
                        .setIndexType(IndexType.Enum.SEARCH_INDEX)
                        .build());
      }
    }
  }

  /** Whether the change took place, by what the server says of it now. */
  private boolean happened(Change change, Scene scene) {
    return switch (change) {
      case START ->
          server
              .stub()
              .getIndex(
                  GetIndexRequest.newBuilder()
                      .setBranchName(scene.branch())
                      .setIndexType(IndexType.Enum.SEARCH_INDEX)
                      .build())
              .getIndex()
              .hasLiveBuild();
      case COMPLETE -> server.get(next(scene)).getState() == State.BUILT;
      case FIRST_SWITCH, SWITCH, COPY_AND_SWITCH, ROLL_BACK ->
          server.get(next(scene)).getState() == State.ACTIVE;
      case SWITCH_TO_DAMAGED -> server.get(next(scene)).getState() == State.FAILED;
      case DELETE -> server.get(Objects.requireNonNull(scene.live())).getState() == State.CLEANUP;
    };
  }

  private void assertLive(Change change, Scene scene, boolean happened) throws IOException {
    ShadowIndex expected =
        switch (change) {
          case START, COMPLETE -> null;
          case FIRST_SWITCH, SWITCH, COPY_AND_SWITCH, ROLL_BACK ->
              happened ? scene.next() : scene.live();
          case SWITCH_TO_DAMAGED -> scene.live();
          case DELETE -> happened ? null : scene.live();
        };
    Path link =
        directory.resolve("index/live").resolve(scene.branch()).resolve("SEARCH_INDEX/default");
    if (expected == null) {
      assertThat(Files.exists(link, LinkOption.NOFOLLOW_LINKS)).isFalse();
    } else {
      assertThat(link.toRealPath()).hasFileName(expected.getShadowIndexId());
      assertThat(link.resolve("segment")).isReadable();
    }
    assertThat(server.server().switchStore().open()).isEmpty();
    assertThat(server.lockedResourceTypes(scene.branch())).isEmpty();
  }

  private static ShadowIndex next(Scene scene) {
    return Objects.requireNonNull(scene.next());
  }
}
