package io.shadowindex.server.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.shadowindex.server.backup.StateBackups;
import io.shadowindex.v1.AdminServiceGrpc;
import io.shadowindex.v1.BackUpStateRequest;
import io.shadowindex.v1.BackUpStateResponse;

/** What only those need who run the server. */
public final class AdminGrpcService extends AdminServiceGrpc.AdminServiceImplBase {

  private final StateBackups backups;

  public AdminGrpcService(StateBackups backups) {
    this.backups = backups;
  }

  @Override
  public void backUpState(BackUpStateRequest request, StreamObserver<BackUpStateResponse> client) {
    BackupCall.start((ServerCallStreamObserver<BackUpStateResponse>) client, backups);
  }
}
