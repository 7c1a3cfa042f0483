package io.shadowindex.server.grpc;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.stub.ServerCallStreamObserver;
import io.shadowindex.server.backup.StateBackups;
import io.shadowindex.server.backup.StateBackups.Backup;
import io.shadowindex.v1.BackUpStateResponse;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/** One BackUpState call: a virtual thread that reads on while the transport has room. */
final class BackupCall {

  private static final int PIECE_BYTES = 64 << 10;

  private final ServerCallStreamObserver<BackUpStateResponse> client;
  private final Thread thread;
  private volatile boolean cancelled;

  private BackupCall(ServerCallStreamObserver<BackUpStateResponse> client, StateBackups backups) {
    this.client = client;
    this.thread = Thread.ofVirtual().name("backup").unstarted(() -> run(backups));
  }

  /** Takes the call over. To be called from the handler, before it returns. */
  static void start(ServerCallStreamObserver<BackUpStateResponse> client, StateBackups backups) {
    var call = new BackupCall(client, backups);
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
  private void run(StateBackups backups) {
    try (Backup backup = backups.make()) {
      send(backup);
      if (!cancelled) {
        client.onCompleted();
      }
    } catch (IOException | RuntimeException e) {
      if (!cancelled) {
        client.onError(GrpcErrors.toStatus(e));
      }
    }
  }

  private void send(Backup backup) throws IOException {
    while (!cancelled) {
      if (!client.isReady()) {
        LockSupport.park(this);
        continue;
      }
      byte[] piece = backup.read(PIECE_BYTES);
      if (piece.length == 0) {
        return;
      }
      client.onNext(
          BackUpStateResponse.newBuilder()
              .setTotalBytes(backup.sizeBytes())
              .setContent(UnsafeByteOperations.unsafeWrap(piece))
              .build());
    }
  }
}
