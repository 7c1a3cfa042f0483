package io.shadowindex.server.grpc;

import io.shadowindex.server.audit.AuditEntry;
import io.shadowindex.server.audit.AuditStore;
import io.shadowindex.server.request.Call;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListAuditEntriesRequest;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The audit log as messages of the contract. */
final class AuditMessages {

  private AuditMessages() {}

  static AuditStore.Filter filter(ListAuditEntriesRequest request) {
    boolean anyType = request.getIndexType() == IndexType.Enum.INDEX_TYPE_UNSPECIFIED;
    return new AuditStore.Filter(
        new Call.Target(request.getBranchName(), anyType ? "" : request.getIndexType().name(), ""),
        request.getShadowIndexId().isEmpty() ? null : Messages.buildId(request.getShadowIndexId()),
        request.getMethod(),
        request.getResult());
  }

  static io.shadowindex.v1.AuditEntry entry(AuditEntry entry) {
    Call call = entry.call();
    return io.shadowindex.v1.AuditEntry.newBuilder()
        .setOccurredAt(Messages.timestamp(call.at()))
        .setPrincipal(call.principal())
        .setPeer(call.peer())
        .setMethod(call.method())
        .setRequestId(text(call.requestId()))
        .setBranchName(call.target().branchName())
        .setIndexType(call.target().indexType())
        .setIndexName(call.target().indexName())
        .setShadowIndexId(text(entry.buildId()))
        .setLockId(text(entry.lockId()))
        .setForced(call.forced())
        .setResult(entry.outcome().result())
        .setReason(entry.outcome().reason())
        .setMessage(entry.outcome().message())
        .setRevision(orZero(entry.revision()))
        .setFencingToken(orZero(entry.fencingToken()))
        .build();
  }

  private static String text(@Nullable UUID id) {
    return id == null ? "" : id.toString();
  }

  private static long orZero(@Nullable Long number) {
    return number == null ? 0 : number;
  }
}
