package io.shadowindex.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.shadowindex.client.examples.WatchExample;
import io.shadowindex.client.examples.WorkerExample;
import io.shadowindex.client.examples.WriteExample;
import io.shadowindex.client.testing.RunningServer;
import io.shadowindex.v1.AcquireLockRequest;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.SwitchIndexRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples in the Javadoc and in docs do what they say. */
final class ExamplesTest {

  private static final Duration WAIT = Duration.ofSeconds(10);

  @TempDir private Path directory;
  private RunningServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = RunningServer.start(directory);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void theWorkerBuildsItsIndexAndTheWatchSeesIt() throws Exception {
    var built = WorkerExample.build(server.client(), List.of("lock", "rename", "fsync"));
    assertThat(built).isPresent();
    assertThat(built.get().getState()).isEqualTo(State.BUILT);
    String id = built.get().getShadowIndexId();
    server.client().switchIndex(SwitchIndexRequest.newBuilder().setShadowIndexId(id).build());
    assertThat(Files.readString(Path.of(built.get().getCurrentIndexPath()).resolve("words")))
        .isEqualTo("lock\nrename\nfsync\n");

    List<String> lines = new ArrayList<>();
    assertThat(WatchExample.show(server.client(), id, lines::add)).isPositive();
    assertThat(lines).containsExactly("is ACTIVE");
  }

  @Test
  void theWriterIsLetInUnlessSomebodyHasLocked() {
    List<Long> tokens = new ArrayList<>();
    assertThat(WriteExample.save(server.client(), WAIT, tokens::add)).isEqualTo("saved");
    assertThat(WriteExample.save(server.client(), WAIT, tokens::add)).isEqualTo("saved");
    assertThat(tokens).isSorted().doesNotHaveDuplicates().hasSize(2);

    server
        .client()
        .acquireLock(
            AcquireLockRequest.newBuilder()
                .setBranchName("main")
                .setScope(Lock.Scope.BRANCH)
                .setOwner("bob")
                .setReason("maintenance")
                .setTtlSeconds(60)
                .build());
    assertThat(WriteExample.save(server.client(), Duration.ZERO, tokens::add))
        .isEqualTo("not now, ask bob");
    assertThat(tokens).hasSize(2);
  }
}
