package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.shadowindex.server.ShadowIndexServer.DirectoryInUseException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.DelegatingFileOperations;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.ManualClock;
import io.shadowindex.server.testing.RecordedStream;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.BuildSummary;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.GetIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListIndexesRequest;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.SwitchIndexRequest;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server as a whole: what it serves, what it keeps over a restart, what it deletes in time. */
final class ServerTest {

  private final ManualClock clock = new ManualClock();

  @TempDir private Path directory;

  @Test
  void healthAndReflectionAreServed() throws Exception {
    try (TestServer server = TestServer.start(directory)) {
      for (String service : List.of("", ShadowIndexServiceGrpc.SERVICE_NAME)) {
        assertThat(
                HealthGrpc.newBlockingStub(server.channel())
                    .check(HealthCheckRequest.newBuilder().setService(service).build())
                    .getStatus())
            .isEqualTo(ServingStatus.SERVING);
      }
      var services = new RecordedStream<ServerReflectionResponse>();
      var requests = ServerReflectionGrpc.newStub(server.channel()).serverReflectionInfo(services);
      requests.onNext(ServerReflectionRequest.newBuilder().setListServices("*").build());
      requests.onCompleted();
      assertThat(services.ends()).isTrue();
      assertThat(services.values().getFirst().getListServicesResponse().getServiceList())
          .extracting(service -> service.getName())
          .contains("shadowindex.v1.ShadowIndexService");
    }
  }

  @Test
  void aSecondServerOnTheSameDirectoryIsRefused() throws IOException {
    try (TestServer first = TestServer.start(directory)) {
      assertThatThrownBy(() -> TestServer.start(directory))
          .isInstanceOf(DirectoryInUseException.class)
          .hasMessageContaining(directory.toString());
      assertThat(first.startBuild("main").getState()).isEqualTo(State.BUILDING);
    }
    TestServer.start(directory).close();
  }

  @Test
  void twoServersWithOneIndexRootAreRefused(@TempDir Path other) throws IOException {
    ServerConfig first = TestServer.config(directory);
    ServerConfig second = first.with(Settings.DATA_DIR, other);
    try (TestServer server = TestServer.start(first, Environment.real())) {
      assertThat(server.startBuild("main").getState()).isEqualTo(State.BUILDING);
      assertThatThrownBy(() -> TestServer.start(second, Environment.real()))
          .isInstanceOf(DirectoryInUseException.class);
    }
  }

  @Test
  void everythingIsThereAfterARestart() throws IOException {
    ShadowIndex active;
    ShadowIndex built;
    ShadowIndex building;
    try (TestServer server = TestServer.start(directory)) {
      active = server.built("main");
      server.switchTo(active);
      built = server.built("main");
      building = server.startBuild("other");
      server.report(building, 37, 0);
    }

    try (TestServer server = TestServer.start(directory)) {
      assertThat(server.get(active).getState()).isEqualTo(State.ACTIVE);
      assertThat(server.get(building).getBuildProgressPercent()).isEqualTo(37);
      server.report(building, 50, 0);
      assertThat(server.switchTo(built).getSuccess()).isTrue();
      assertThat(server.get(active).getState()).isEqualTo(State.CLEANUP);
    }
  }

  @Test
  void progressIsStoredSoonWithoutAnyChangeOfState() throws IOException {
    try (TestServer server = TestServer.start(directory)) {
      ShadowIndex building = server.startBuild("main");
      server.report(building, 12, 0);

      await()
          .untilAsserted(
              () ->
                  assertThat(
                          server
                              .server()
                              .buildStore()
                              .find(java.util.UUID.fromString(building.getShadowIndexId()))
                              .orElseThrow()
                              .progress()
                              .percent())
                      .isEqualTo(12));
    }
  }

  @Test
  void aReplacedGenerationKeepsItsFilesForADayOrForAMinute() throws IOException {
    try (TestServer server = startWithClock()) {
      ShadowIndex first = server.built("main");
      server.switchTo(first);
      ShadowIndex second = server.built("main");
      server.switchTo(second);
      ShadowIndex third = server.built("main");
      server
          .stub()
          .switchIndex(
              SwitchIndexRequest.newBuilder().setShadowIndexId(third.getShadowIndexId()).build());
      assertThat(retained(server)).containsExactly(id(second), id(first));

      clock.advance(Duration.ofMinutes(2));
      await().until(() -> !Files.exists(Path.of(second.getShadowIndexPath())));
      assertThat(Path.of(first.getShadowIndexPath())).isNotEmptyDirectory();
      assertThat(retained(server)).containsExactly(id(first));

      server.switchTo(server.built("main"));
      ShadowIndex fifth = server.built("main");
      server.switchTo(fifth);
      assertThat(retained(server)).hasSize(3).contains(id(third), id(first));

      clock.advance(Duration.ofHours(25));
      await().until(() -> !Files.exists(Path.of(first.getShadowIndexPath())));
      assertThat(Path.of(fifth.getShadowIndexPath())).isNotEmptyDirectory();
      assertThat(retained(server)).as("the last two, however old").hasSize(2).contains(id(third));
    }
  }

  @Test
  void theFilesOfACancelledBuildGoAtOnce() throws IOException {
    try (TestServer server = startWithClock()) {
      ShadowIndex build = server.startBuild("main");
      TestServer.write(build, "deep/er/file", "x");

      var _ = server.cancel(build);

      await().until(() -> !Files.exists(Path.of(build.getShadowIndexPath())));
      assertThat(directory.resolve("index/trash")).isEmptyDirectory();
    }
  }

  @Test
  void filesThatCannotBeDeletedDoNotKeepTheServerFromStarting() throws IOException {
    Path trash = directory.resolve("index/trash/left");
    Files.createDirectories(trash);
    var files =
        new DelegatingFileOperations(FileOperations.real()) {
          @Override
          public void delete(Path path) throws IOException {
            if (path.equals(trash)) {
              throw new FileSystemException(path.toString(), null, "Operation not permitted");
            }
            super.delete(path);
          }
        };
    var environment = new Environment(clock, files, SwitchStep.Observer.NONE);

    try (TestServer server = TestServer.start(TestServer.config(directory), environment)) {
      assertThat(server.startBuild("main").getState()).isEqualTo(State.BUILDING);
    }
  }

  @Test
  void pagesAreNoLargerThanClientsAccept() throws IOException {
    try (TestServer server = TestServer.start(directory)) {
      int builds = 50;
      for (int i = 0; i < builds; i++) {
        ShadowIndex build = server.startBuild("branch-" + i);
        TestServer.write(build, "segment", "x");
        server
            .stub()
            .completeBuild(
                CompleteBuildRequest.newBuilder()
                    .setShadowIndexId(build.getShadowIndexId())
                    .setBuildSummary(
                        BuildSummary.newBuilder()
                            .setAttributes(
                                Struct.newBuilder()
                                    .putFields(
                                        "notes",
                                        Value.newBuilder()
                                            .setStringValue("x".repeat(60_000))
                                            .build())))
                    .build());
      }
      int listed = 0;
      int pages = 0;
      String token = "";
      do {
        var page =
            server
                .stub()
                .listIndexes(
                    ListIndexesRequest.newBuilder().setPageSize(1000).setPageToken(token).build());
        listed += page.getIndexesCount();
        pages++;
        token = page.getNextPageToken();
      } while (!token.isEmpty());

      assertThat(listed).isEqualTo(builds);
      assertThat(pages).isEqualTo(2);
    }
  }

  @Test
  void pagesHoldEveryBuildOnce() throws IOException {
    try (TestServer server = TestServer.start(directory)) {
      var started = new ArrayList<String>();
      for (int i = 0; i < 7; i++) {
        started.add(server.startBuild("branch-" + i).getShadowIndexId());
      }
      var listed = new ArrayList<String>();
      String token = "";
      do {
        var page =
            server
                .stub()
                .listShadowIndexes(
                    ListShadowIndexesRequest.newBuilder()
                        .setPageSize(3)
                        .setPageToken(token)
                        .build());
        page.getShadowIndexesList().forEach(build -> listed.add(build.getShadowIndexId()));
        assertThat(page.getTotalCount()).isEqualTo(7);
        token = page.getNextPageToken();
      } while (!token.isEmpty());

      assertThat(listed).containsExactlyElementsOf(started.reversed());
    }
  }

  @Test
  void theSecondBuildIsEstimatedFromTheFirst() throws IOException {
    try (TestServer server = startWithClock()) {
      ShadowIndex first = server.startBuild("main");
      clock.advance(Duration.ofMinutes(42));
      TestServer.write(first, "segment", "x");
      server.switchTo(server.complete(first, 1));

      var second =
          server
              .stub()
              .startBuild(
                  io.shadowindex.v1.StartBuildRequest.newBuilder()
                      .setBranchName("main")
                      .setIndexType(IndexType.Enum.SEARCH_INDEX)
                      .addResourceTypes("object_type")
                      .build());

      assertThat(second.getEstimatedBuildTimeMinutes()).isEqualTo(42);
    }
  }

  private TestServer startWithClock() throws IOException {
    return TestServer.start(
        TestServer.withQuickHousekeeping(TestServer.config(directory)),
        new Environment(clock, FileOperations.real(), SwitchStep.Observer.NONE));
  }

  private static String id(ShadowIndex build) {
    return build.getShadowIndexId();
  }

  private static List<String> retained(TestServer server) {
    return server
        .stub()
        .getIndex(
            GetIndexRequest.newBuilder()
                .setBranchName("main")
                .setIndexType(IndexType.Enum.SEARCH_INDEX)
                .build())
        .getIndex()
        .getRetainedGenerationsList()
        .stream()
        .map(ShadowIndex::getShadowIndexId)
        .toList();
  }
}
