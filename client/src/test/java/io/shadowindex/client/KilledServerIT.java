package io.shadowindex.client;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.shadowindex.client.testing.ServerProcess;
import io.shadowindex.client.testing.SteadyWorker;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that is killed under a worker and a watch; both go on by themselves. */
final class KilledServerIT {

  private static final int KILLS = Integer.getInteger("shadowindex.worker.kills", 3);
  private static final int REPORTS_BETWEEN_KILLS = 20;

  @Test
  void theWorkerCompletesItsBuildAndTheWatchSeesEverythingOnce(@TempDir Path directory)
      throws Exception {
    try (ServerProcess server = ServerProcess.start(directory);
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        ShadowIndexClient client = ShadowIndexClient.connect(server.address());
        SteadyWorker worker = new SteadyWorker(client, "main")) {
      Future<ShadowIndex> building = threads.submit(worker);
      String id = worker.id();
      Future<List<WatchBuildResponse>> watching = threads.submit(() -> allOf(client, id));

      for (int kill = 1; kill <= KILLS; kill++) {
        long enough = worker.reported() + REPORTS_BETWEEN_KILLS;
        await().atMost(Duration.ofMinutes(1)).until(() -> worker.reported() >= enough);
        server.killAndRestart();
      }
      worker.complete();
      server.killAndRestart(); // under CompleteBuild, or close to it
      ShadowIndex built = building.get(1, MINUTES);
      assertThat(built.getState()).isEqualTo(State.BUILT);
      assertThat(built.getRecordCount()).isEqualTo(worker.reported());
      var switched =
          client.switchIndex(SwitchIndexRequest.newBuilder().setShadowIndexId(id).build());
      assertThat(switched.getSuccess()).isTrue();

      assertSeenOnce(watching.get(1, MINUTES));
      System.out.printf("%d kills, %d reports counted%n", KILLS + 1, worker.reported());
    }
  }

  private static List<WatchBuildResponse> allOf(ShadowIndexClient client, String id) {
    List<WatchBuildResponse> seen = new ArrayList<>();
    WatchBuildRequest request = WatchBuildRequest.newBuilder().setShadowIndexId(id).build();
    try (BuildWatch watch = client.watchBuild(request)) {
      watch.forEachRemaining(seen::add);
    }
    return seen;
  }

  private static void assertSeenOnce(List<WatchBuildResponse> seen) {
    assertThat(seen.getFirst().hasSnapshot()).isTrue();
    assertThat(seen).filteredOn(WatchBuildResponse::hasSnapshot).hasSize(1);
    assertThat(seen)
        .filteredOn(WatchBuildResponse::hasStateChange)
        .extracting(message -> message.getStateChange().getState())
        .containsExactly(State.BUILT, State.SWITCHING, State.ACTIVE);
    assertThat(seen)
        .filteredOn(
            message -> message.hasStateChange() || message.hasSwitchStep() || message.hasNotice())
        .extracting(WatchBuildResponse::getRevision)
        .isSorted()
        .doesNotHaveDuplicates();
  }
}
