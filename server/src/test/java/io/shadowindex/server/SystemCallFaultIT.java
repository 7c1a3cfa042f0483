package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.testing.ServerProcess;
import io.shadowindex.server.testing.Strace;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The system calls of a switch fail in a real server; strace makes them. */
final class SystemCallFaultIT {

  private static final String RENAME = "?rename,?renameat,renameat2";
  private static final String SYMLINK = "?symlink,symlinkat";
  private static final String OPEN = "?open,openat";
  private static final String MAKE_DIRECTORY = "?mkdir,mkdirat";
  private static final String SYNC = "fsync,fdatasync";
  private static final List<Path> ANYWHERE = List.of();

  private static final Map<String, String> QUICK_START =
      Map.of("SHADOWINDEX_JAVA_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");

  @TempDir private Path directory;

  @BeforeAll
  static void needsStrace() throws Exception {
    assumeTrue(Strace.works(), "there is no strace, or it may not attach to processes");
  }

  @Test
  void aSwitchWhoseCallsFailBeforeTheFlipChangesNothing() throws Exception {
    try (ServerProcess server = ServerProcess.start(directory.resolve("data"), QUICK_START)) {
      ShadowIndex old = switchTo(server, built(server));
      ShadowIndex next = built(server);
      for (String calls : List.of(RENAME, SYMLINK)) {
        for (String error : List.of("ENOSPC", "EIO", "EROFS")) {
          try (var _ = Strace.failing(server.pid(), ANYWHERE, calls, error)) {
            var refused =
                catchThrowableOfType(StatusRuntimeException.class, () -> switchTo(server, next));
            assertThat(refused.getStatus().getCode()).isEqualTo(code(error));
          }
          assertThat(get(server, next).getState()).isEqualTo(State.BUILT);
          assertLive(old);
        }
      }
      assertThat(switchTo(server, next).getState()).isEqualTo(State.ACTIVE);
      assertLive(next);
    }
  }

  @Test
  void aSwitchWhoseFlipCannotBeMadeDurableIsDecidedByTheNextStart() throws Exception {
    Path data = directory.resolve("data");
    ShadowIndex next;
    try (ServerProcess server = ServerProcess.start(data, QUICK_START)) {
      ShadowIndex old = switchTo(server, built(server));
      next = built(server);
      Path linkDirectory = Path.of(old.getCurrentIndexPath()).getParent();
      try (var _ =
          Strace.failingInThread(
              server.pid(), "h2-writer", List.of(linkDirectory), SYNC, "EIO:when=1")) {
        assertNotAcknowledged(server, next);
      }
    }
    try (ServerProcess server = ServerProcess.start(data, QUICK_START)) {
      assertThat(get(server, next).getState()).isEqualTo(State.ACTIVE);
      assertLive(next);
    }
  }

  @Test
  void aSwitchWhoseJournalCannotBeMadeDurableIsDecidedByTheNextStart() throws Exception {
    Path data = directory.resolve("data");
    ShadowIndex old;
    ShadowIndex next;
    try (ServerProcess server = ServerProcess.start(data, QUICK_START)) {
      old = switchTo(server, built(server));
      next = built(server);
      Path database = data.resolve("state/shadowindex.mv.db");
      try (var _ = Strace.failing(server.pid(), List.of(database), SYNC, "EIO")) {
        assertNotAcknowledged(server, next);
      }
    }
    try (ServerProcess server = ServerProcess.start(data, QUICK_START)) {
      boolean switched = get(server, next).getState() == State.ACTIVE;
      assertLive(switched ? next : old);
      if (!switched) {
        assertThat(switchTo(server, next).getState()).isEqualTo(State.ACTIVE);
      }
    }
  }

  @Test
  void aFileThatMayNotBeReadIsNamedAndTheBuildGoesOn() throws Exception {
    try (ServerProcess server = ServerProcess.start(directory.resolve("data"), QUICK_START)) {
      ShadowIndex build = started(server, SwitchStrategy.Enum.ATOMIC_RENAME);
      Path segment = Path.of(build.getShadowIndexPath()).resolve("segment");
      try (var _ = Strace.failing(server.pid(), List.of(segment), OPEN, "EACCES")) {
        var refused =
            catchThrowableOfType(StatusRuntimeException.class, () -> complete(server, build));
        assertThat(TestServer.reason(refused)).isEqualTo("UNSAFE_FILE");
        assertThat(refused).hasMessageContaining("segment: cannot be read");
      }
      assertThat(get(server, build).getState()).isEqualTo(State.BUILDING);
      assertThat(complete(server, build).getState()).isEqualTo(State.BUILT);
    }
  }

  @Test
  void aDirectoryThatMayNotBeReadIsNamedAndTheBuildGoesOn() throws Exception {
    try (ServerProcess server = ServerProcess.start(directory.resolve("data"), QUICK_START)) {
      ShadowIndex build = started(server, SwitchStrategy.Enum.ATOMIC_RENAME);
      Path generation = Path.of(build.getShadowIndexPath());
      try (var _ = Strace.failing(server.pid(), List.of(generation), OPEN, "EACCES")) {
        var refused =
            catchThrowableOfType(StatusRuntimeException.class, () -> complete(server, build));
        assertThat(TestServer.reason(refused)).isEqualTo("UNSAFE_FILE");
        assertThat(refused).hasMessageContaining(".: cannot be read");
      }
      assertThat(get(server, build).getState()).isEqualTo(State.BUILDING);
      assertThat(complete(server, build).getState()).isEqualTo(State.BUILT);
    }
  }

  @Test
  void aServingVolumeThatIsReadOnlyOrFullChangesNothing() throws Exception {
    Path data = directory.resolve("data");
    try (ServerProcess server = ServerProcess.start(data, QUICK_START)) {
      ShadowIndex old = switchTo(server, built(server));
      ShadowIndex next = complete(server, started(server, SwitchStrategy.Enum.COPY_AND_REPLACE));
      Path volume = data.resolve("index/serve");
      Files.createDirectories(volume.resolve("staging"));
      for (String error : List.of("EROFS", "ENOSPC")) {
        try (var _ =
            Strace.failing(
                server.pid(), List.of(volume, volume.resolve("staging")), MAKE_DIRECTORY, error)) {
          var refused =
              catchThrowableOfType(StatusRuntimeException.class, () -> switchTo(server, next));
          assertThat(refused.getStatus().getCode()).isEqualTo(code(error));
        }
        assertThat(get(server, next).getState()).isEqualTo(State.BUILT);
        assertLive(old);
      }
      assertThat(switchTo(server, next).getState()).isEqualTo(State.ACTIVE);
      assertLive(next);
    }
  }

  private static void assertNotAcknowledged(ServerProcess server, ShadowIndex next)
      throws InterruptedException {
    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> switchTo(server, next));
    assertThat(refused.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(server.ends()).as("the process ends").isTrue();
  }

  private static Code code(String error) {
    return switch (error) {
      case "ENOSPC" -> Code.RESOURCE_EXHAUSTED;
      case "EROFS" -> Code.FAILED_PRECONDITION;
      default -> Code.INTERNAL;
    };
  }

  private static ShadowIndex built(ServerProcess server) throws IOException {
    return complete(server, started(server, SwitchStrategy.Enum.ATOMIC_RENAME));
  }

  private static ShadowIndex started(ServerProcess server, SwitchStrategy.Enum strategy)
      throws IOException {
    ShadowIndex build =
        server
            .stub()
            .startBuild(
                StartBuildRequest.newBuilder()
                    .setBranchName("main")
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .addResourceTypes("object_type")
                    .setSwitchStrategy(strategy)
                    .build())
            .getShadowIndex();
    TestServer.write(build, "segment", build.getShadowIndexId());
    return build;
  }

  private static ShadowIndex complete(ServerProcess server, ShadowIndex build) {
    return server
        .stub()
        .completeBuild(
            CompleteBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setRecordCount(1)
                .build())
        .getShadowIndex();
  }

  private static ShadowIndex switchTo(ServerProcess server, ShadowIndex build) {
    return server.stub().switchIndex(TestServer.switchRequest(build).build()).getShadowIndex();
  }

  private static ShadowIndex get(ServerProcess server, ShadowIndex build) {
    return server
        .stub()
        .getShadowIndex(
            GetShadowIndexRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build())
        .getShadowIndex();
  }

  private static void assertLive(ShadowIndex expected) {
    assertThat(Path.of(expected.getCurrentIndexPath()).resolve("segment"))
        .hasContent(expected.getShadowIndexId());
  }
}
