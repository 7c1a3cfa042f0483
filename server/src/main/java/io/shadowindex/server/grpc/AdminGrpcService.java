package io.shadowindex.server.grpc;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.stub.StreamObserver;
import io.shadowindex.server.backup.StateBackups;
import io.shadowindex.server.backup.StateBackups.Backup;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.BackUpStateRequest;
import io.shadowindex.v1.BackUpStateResponse;
import java.io.IOException;

/** What only those need who run the server. */
public final class AdminGrpcService extends AdminServiceGrpc.AdminServiceImplBase {

  private static final int PIECE_BYTES = 64 << 10;

  private final StateBackups backups;

  public AdminGrpcService(StateBackups backups) {
    this.backups = backups;
  }

  @Override
  public void backUpState(BackUpStateRequest request, StreamObserver<BackUpStateResponse> client) {
    OutgoingStream.start("backup", client, this::backUp);
  }

  private void backUp(OutgoingStream<BackUpStateResponse> stream) throws IOException {
    try (Backup backup = backups.make()) {
      while (!stream.isCancelled()) {
        if (!stream.isReady()) {
          stream.rest();
          continue;
        }
        byte[] piece = backup.read(PIECE_BYTES);
        if (piece.length == 0) {
          return;
        }
        stream.send(
            BackUpStateResponse.newBuilder()
                .setTotalBytes(backup.sizeBytes())
                .setContent(UnsafeByteOperations.unsafeWrap(piece))
                .build());
      }
    }
  }
}
