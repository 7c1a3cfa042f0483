package io.shadowindex.server.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.shadowindex.server.watch.BuildWatch;
import io.shadowindex.server.watch.BuildWatches;
import io.shadowindex.server.watch.WatchMessage;
import io.shadowindex.v1.WatchBuildResponse;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/**
 * One WatchBuild call: a virtual thread that sends a message whenever there is one and the
 * transport has room for it, and is parked otherwise. Nothing is buffered here.
 */
final class WatchCall {

  private final ServerCallStreamObserver<WatchBuildResponse> client;
  private final Messages messages;
  private final Thread thread;
  private volatile boolean cancelled;

  private WatchCall(
      ServerCallStreamObserver<WatchBuildResponse> client,
      Messages messages,
      BuildWatches watches,
      UUID buildId) {
    this.client = client;
    this.messages = messages;
    this.thread =
        Thread.ofVirtual().name("watch-" + buildId).unstarted(() -> run(watches, buildId));
  }

  /** Takes the call over. To be called from the handler, before it returns. */
  static void start(
      ServerCallStreamObserver<WatchBuildResponse> client,
      Messages messages,
      BuildWatches watches,
      UUID buildId) {
    var call = new WatchCall(client, messages, watches, buildId);
    client.setOnReadyHandler(call::wakeUp);
    client.setOnCancelHandler(
        () -> {
          call.cancelled = true;
          call.wakeUp();
        });
    call.thread.start();
  }

  private void wakeUp() {
    LockSupport.unpark(thread);
  }

  /** The top of the call's thread: whatever goes wrong ends the call with its status. */
  private void run(BuildWatches watches, UUID buildId) {
    try (BuildWatch watch = watches.watch(buildId, this::wakeUp)) {
      while (!cancelled && !watch.isOver()) {
        sendWhatIsThere(watch);
        if (!cancelled && !watch.isOver()) {
          LockSupport.park(this);
        }
      }
      if (!cancelled) {
        client.onCompleted();
      }
    } catch (RuntimeException e) {
      if (!cancelled) {
        client.onError(GrpcErrors.toStatus(e));
      }
    }
  }

  private void sendWhatIsThere(BuildWatch watch) {
    while (client.isReady() && !watch.isOver()) {
      Optional<WatchMessage> message = watch.next();
      if (message.isEmpty()) {
        return;
      }
      client.onNext(toResponse(message.get()));
    }
  }

  private WatchBuildResponse toResponse(WatchMessage message) {
    var response = WatchBuildResponse.newBuilder();
    return switch (message) {
      case WatchMessage.Snapshot(var build) ->
          response.setRevision(build.revision()).setSnapshot(messages.shadowIndex(build)).build();
      case WatchMessage.Changed(var change) ->
          response
              .setRevision(change.revision())
              .setStateChange(Messages.stateChange(change))
              .build();
      case WatchMessage.Staging(long revision, var staged) ->
          response
              .setRevision(revision)
              .setStaging(
                  WatchBuildResponse.Staging.newBuilder()
                      .setCopiedBytes(staged.copiedBytes())
                      .setTotalBytes(staged.totalBytes()))
              .build();
      case WatchMessage.Progressed(long revision, var build) ->
          response.setRevision(revision).setProgress(messages.progress(build)).build();
    };
  }
}
