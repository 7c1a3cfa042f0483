package io.shadowindex.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildsRequest;
import java.util.Iterator;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A watcher of one build or, without an id, of all; with what it was told by all servers. */
public final class WatchRecorder {
  private final Supplier<ServerProcess> server;
  private final @Nullable String build;
  private final History history = new History();
  private long revision;
  private int cuts;

  /**
   * Knows which server there is now.
   *
   * @param build its id; null for all builds
   */
  public WatchRecorder(Supplier<ServerProcess> server, @Nullable String build) {
    this.server = server;
    this.build = build;
  }

  public History history() {
    return history;
  }

  /** How often it lost a watch or cut it off. */
  public int cuts() {
    return cuts;
  }

  /**
   * Reads until it has been told everything, and resumes after kills and after cuts of its own.
   *
   * @param last the revision that it has to reach; anything larger while that is not known
   */
  public @Nullable Void record(Random random, LongSupplier last) {
    while (revision < last.getAsLong()) {
      int budget = 1 + random.nextInt(400);
      try (Context.CancellableContext call = Context.current().withCancellation()) {
        call.run(() -> read(budget, 1 + random.nextInt(3) * 20, last));
      } catch (StatusRuntimeException e) {
        if (!ServerProcess.isLost(e)) {
          throw e;
        }
        LockSupport.parkNanos(20_000_000); // as a client pauses before it connects again
      }
      cuts++;
    }
    return null;
  }

  private void read(int budget, int batch, LongSupplier last) {
    ShadowIndexServiceBlockingStub stub = server.get().stub();
    if (build == null) {
      var request =
          WatchBuildsRequest.newBuilder()
              .setFromRevision(revision)
              .setHeartbeatSeconds(1)
              .setMaxBatch(batch);
      var messages = Batches.singly(stub.watchBuilds(request.build()));
      for (int i = 0; i < budget && revision < last.getAsLong() && messages.hasNext(); i++) {
        var message = messages.next();
        take(message.getShadowIndexId(), message.getEvent());
      }
    } else {
      var request =
          WatchBuildRequest.newBuilder()
              .setShadowIndexId(build)
              .setFromRevision(revision)
              .setHeartbeatSeconds(1)
              .setFollow(true);
      Iterator<WatchBuildResponse> messages = stub.watchBuild(request.build());
      for (int i = 0; i < budget && revision < last.getAsLong() && messages.hasNext(); i++) {
        take(build, messages.next());
      }
    }
  }

  private void take(String id, WatchBuildResponse message) {
    assertThat(message.getRevision()).isGreaterThanOrEqualTo(revision);
    revision = message.getRevision();
    switch (message.getEventCase()) {
      case STATE_CHANGE -> {
        var change = message.getStateChange();
        add(id, state(change.getPreviousState()), state(change.getState()));
      }
      case SWITCH_STEP, NOTICE -> add(id, null, null);
      case SNAPSHOT -> throw new AssertionError("a watch that resumes begins with no snapshot");
      case STAGING, PROGRESS, HEARTBEAT, EVENT_NOT_SET -> {}
    }
  }

  private void add(String id, @Nullable BuildState previous, @Nullable BuildState state) {
    history.add(new History.Event(revision, UUID.fromString(id), state != null, previous, state));
  }

  private static @Nullable BuildState state(State state) {
    return state == State.STATE_UNSPECIFIED ? null : BuildState.valueOf(state.name());
  }
}
