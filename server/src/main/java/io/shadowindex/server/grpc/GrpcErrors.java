package io.shadowindex.server.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.Refusal.Violation;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.v1.ErrorReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place where a refusal or an accident becomes a gRPC status (AIP-193). What a client gets
 * of an accident is an incident id; the cause goes to the log under that id.
 */
final class GrpcErrors {

  static final String DOMAIN = "shadowindex.io";

  private static final Logger log = LoggerFactory.getLogger(GrpcErrors.class);
  private static final int MAX_FILES = 20;
  private static final Duration RETRY_WHEN_CROWDED = Duration.ofSeconds(30);
  private static final Duration RETRY_AFTER_RESTART = Duration.ofSeconds(1);

  private GrpcErrors() {}

  /** The status that a call ends with because of this. */
  static StatusException toStatus(Throwable thrown) {
    Throwable cause =
        thrown instanceof UncheckedIOException e && e.getCause() != null ? e.getCause() : thrown;
    if (cause instanceof RefusedException refused) {
      return StatusProto.toStatusException(refused(refused.refusal()));
    }
    if (saysOneOf(cause, "No space left on device", "Disk quota exceeded")) {
      log.error("the disk is full", cause);
      return StatusProto.toStatusException(refused(new Refusal.DiskFull()));
    }
    if (saysOneOf(cause, "Read-only file system")) {
      log.error("the volume with the indexes can only be read", cause);
      return StatusProto.toStatusException(refused(new Refusal.ReadOnlyVolume()));
    }
    String incident = UUID.randomUUID().toString();
    log.error("incident {}", incident, cause);
    return StatusProto.toStatusException(
        status(
            Code.INTERNAL,
            ErrorReason.Enum.INTERNAL,
            "internal error, incident " + incident,
            Map.of("incident_id", incident)));
  }

  /** Ends a call that a refusal keeps from beginning. */
  static <ReqT> ServerCall.Listener<ReqT> refuse(ServerCall<ReqT, ?> call, Refusal refusal) {
    end(call, refusal.exception());
    return new ServerCall.Listener<>() {};
  }

  /** Ends a call because of what was thrown. */
  static void end(ServerCall<?, ?> call, Throwable thrown) {
    StatusException ended = toStatus(thrown);
    Metadata trailers = ended.getTrailers();
    call.close(ended.getStatus(), trailers == null ? new Metadata() : trailers);
  }

  /** The reason that a status made here gives; empty for one that was made elsewhere. */
  static String reason(io.grpc.Status status, Metadata trailers) {
    for (Any detail : StatusProto.fromStatusAndTrailers(status, trailers).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        try {
          return detail.unpack(ErrorInfo.class).getReason();
        } catch (InvalidProtocolBufferException e) {
          throw new IllegalStateException("a status of this server cannot be read", e);
        }
      }
    }
    return "";
  }

  private static Status refused(Refusal refusal) {
    String message = refusal.message();
    return switch (refusal) {
      case Refusal.InvalidFields(List<Violation> violations) ->
          status(
              Code.INVALID_ARGUMENT,
              ErrorReason.Enum.INVALID_FIELD,
              message,
              Map.of(),
              badRequest(violations));
      case Refusal.ProgressBackwards backwards ->
          status(
              Code.INVALID_ARGUMENT,
              ErrorReason.Enum.PROGRESS_BACKWARDS,
              message,
              build(backwards.buildId()),
              badRequest(
                  List.of(
                      new Violation(backwards.field(), "must be at least " + backwards.known()))));
      case Refusal.InvalidPageToken() ->
          status(
              Code.INVALID_ARGUMENT,
              ErrorReason.Enum.INVALID_PAGE_TOKEN,
              message,
              Map.of(),
              badRequest(List.of(new Violation("page_token", message))));
      case Refusal.BuildNotFound(UUID id) ->
          status(Code.NOT_FOUND, ErrorReason.Enum.SHADOW_INDEX_NOT_FOUND, message, build(id));
      case Refusal.IndexNotFound missing ->
          status(
              Code.NOT_FOUND,
              ErrorReason.Enum.INDEX_NOT_FOUND,
              message,
              index(missing.branchName(), missing.indexType(), missing.indexName()));
      case Refusal.BuildAlreadyExists(UUID id, String state) ->
          status(
              Code.ALREADY_EXISTS,
              ErrorReason.Enum.BUILD_ALREADY_EXISTS,
              message,
              Map.of("shadow_index_id", id.toString(), "state", state));
      case Refusal.IllegalTransition illegal ->
          status(
              Code.FAILED_PRECONDITION,
              ErrorReason.Enum.ILLEGAL_TRANSITION,
              message,
              Map.of("shadow_index_id", illegal.buildId().toString(), "state", illegal.state()),
              precondition(
                  "STATE",
                  List.of(
                      new Violation(
                          "shadow_index_id/" + illegal.buildId(),
                          "is %s, must be %s"
                              .formatted(
                                  illegal.state(), String.join(" or ", illegal.required()))))));
      case Refusal.DirectoryMissing(UUID id) ->
          status(
              Code.FAILED_PRECONDITION,
              ErrorReason.Enum.BUILD_DIRECTORY_MISSING,
              message,
              build(id));
      case Refusal.DirectoryEmpty(UUID id) ->
          status(
              Code.FAILED_PRECONDITION, ErrorReason.Enum.BUILD_DIRECTORY_EMPTY, message, build(id));
      case Refusal.IndexChanged(UUID id) ->
          status(Code.ABORTED, ErrorReason.Enum.INDEX_CHANGED, message, build(id));
      case Refusal.UnsafeFiles(UUID id, List<Violation> files) ->
          status(
              Code.FAILED_PRECONDITION,
              ErrorReason.Enum.UNSAFE_FILE,
              message,
              build(id),
              precondition("FILE", first(files)));
      case Refusal.ManifestDiffers(UUID id, List<Violation> files) ->
          status(
              Code.FAILED_PRECONDITION,
              ErrorReason.Enum.MANIFEST_DIFFERS,
              message,
              build(id),
              precondition("FILE", first(files)));
      case Refusal.LiveNameOccupied(UUID id) ->
          status(Code.FAILED_PRECONDITION, ErrorReason.Enum.LIVE_NAME_OCCUPIED, message, build(id));
      case Refusal.StaleEtag(UUID id) ->
          status(Code.ABORTED, ErrorReason.Enum.STALE_ETAG, message, build(id));
      case Refusal.StaleFencingToken stale ->
          status(
              Code.ABORTED, ErrorReason.Enum.STALE_FENCING_TOKEN, message, build(stale.buildId()));
      case Refusal.LockHeld held ->
          status(
              Code.ABORTED,
              ErrorReason.Enum.LOCK_HELD,
              message,
              lockHeld(held),
              retry(held.retryAfter()));
      case Refusal.LockNotFound(UUID id) ->
          status(Code.NOT_FOUND, ErrorReason.Enum.LOCK_NOT_FOUND, message, lock(id));
      case Refusal.NotLockOwner(UUID id, String owner) ->
          status(
              Code.PERMISSION_DENIED,
              ErrorReason.Enum.NOT_LOCK_OWNER,
              message,
              Map.of("lock_id", id.toString(), "owner", owner));
      case Refusal.StaleLockToken stale ->
          status(Code.ABORTED, ErrorReason.Enum.STALE_LOCK_TOKEN, message, lock(stale.lockId()));
      case Refusal.LeaseLost(UUID id) ->
          status(Code.ABORTED, ErrorReason.Enum.LEASE_LOST, message, lock(id));
      case Refusal.GenerationNotRetained(UUID id) ->
          status(
              Code.FAILED_PRECONDITION,
              ErrorReason.Enum.GENERATION_NOT_RETAINED,
              message,
              build(id));
      case Refusal.NoPreviousGeneration missing ->
          status(
              Code.FAILED_PRECONDITION,
              ErrorReason.Enum.NO_PREVIOUS_GENERATION,
              message,
              index(missing.branchName(), missing.indexType(), missing.indexName()));
      case Refusal.IndexHasLiveBuild(UUID id, String state) ->
          status(
              Code.FAILED_PRECONDITION,
              ErrorReason.Enum.INDEX_HAS_LIVE_BUILD,
              message,
              Map.of("shadow_index_id", id.toString(), "state", state));
      case Refusal.RequestIdReused(UUID id) ->
          status(
              Code.INVALID_ARGUMENT,
              ErrorReason.Enum.REQUEST_ID_REUSED,
              message,
              Map.of("request_id", id.toString()),
              badRequest(List.of(new Violation("request_id", message))));
      case Refusal.RequestUnderWay(UUID id) ->
          status(
              Code.ABORTED,
              ErrorReason.Enum.REQUEST_UNDER_WAY,
              message,
              Map.of("request_id", id.toString()),
              retry(RETRY_AFTER_RESTART));
      case Refusal.TooManyBuilds(int limit, String branchName) ->
          status(
              Code.RESOURCE_EXHAUSTED,
              ErrorReason.Enum.TOO_MANY_BUILDS,
              message,
              branchName == null
                  ? Map.of("limit", Integer.toString(limit))
                  : Map.of("limit", Integer.toString(limit), "branch_name", branchName),
              retry(RETRY_WHEN_CROWDED));
      case Refusal.TooManyLocks(int limit) ->
          status(
              Code.RESOURCE_EXHAUSTED,
              ErrorReason.Enum.TOO_MANY_LOCKS,
              message,
              Map.of("limit", Integer.toString(limit)),
              retry(RETRY_WHEN_CROWDED));
      case Refusal.DiskFull() ->
          status(
              Code.RESOURCE_EXHAUSTED,
              ErrorReason.Enum.DISK_FULL,
              message,
              Map.of(),
              retry(RETRY_WHEN_CROWDED));
      case Refusal.ReadOnlyVolume() ->
          status(Code.FAILED_PRECONDITION, ErrorReason.Enum.READ_ONLY_VOLUME, message, Map.of());
      case Refusal.Draining() ->
          status(
              Code.UNAVAILABLE,
              ErrorReason.Enum.SERVER_DRAINING,
              message,
              Map.of(),
              retry(RETRY_AFTER_RESTART));
      case Refusal.WatchDrained(long revision) ->
          status(
              Code.UNAVAILABLE,
              ErrorReason.Enum.SERVER_DRAINING,
              message,
              Map.of("revision", Long.toString(revision)),
              retry(RETRY_AFTER_RESTART));
      case Refusal.RevisionOutOfRange(long revision, long oldest, long newest) ->
          status(
              Code.OUT_OF_RANGE,
              ErrorReason.Enum.REVISION_OUT_OF_RANGE,
              message,
              Map.of(
                  "from_revision", Long.toString(revision),
                  "oldest_revision", Long.toString(oldest),
                  "newest_revision", Long.toString(newest)));
      case Refusal.TooManyStreams(String scope, int limit, Duration retryAfter) ->
          status(
              Code.RESOURCE_EXHAUSTED,
              ErrorReason.Enum.TOO_MANY_STREAMS,
              message,
              Map.of("scope", scope, "limit", Integer.toString(limit)),
              retry(retryAfter));
      case Refusal.WorkerReplaced(UUID id, String workerId) ->
          status(
              Code.ABORTED,
              ErrorReason.Enum.WORKER_REPLACED,
              message,
              Map.of("shadow_index_id", id.toString(), "worker_id", workerId));
      case Refusal.StreamSilent(Duration limit) ->
          status(Code.DEADLINE_EXCEEDED, ErrorReason.Enum.STREAM_SILENT, message, Map.of());
      case Refusal.StreamFlooded(int limit, Duration retryAfter) ->
          status(
              Code.RESOURCE_EXHAUSTED,
              ErrorReason.Enum.STREAM_FLOODED,
              message,
              Map.of("limit", Integer.toString(limit)),
              retry(retryAfter));
      case Refusal.BuildNotStalled(UUID id) ->
          status(Code.FAILED_PRECONDITION, ErrorReason.Enum.BUILD_NOT_STALLED, message, build(id));
      case Refusal.TooManyWorkers(UUID id, int limit) ->
          status(
              Code.RESOURCE_EXHAUSTED,
              ErrorReason.Enum.TOO_MANY_WORKERS,
              message,
              build(id),
              retry(RETRY_WHEN_CROWDED));
      case Refusal.CredentialMissing() ->
          status(Code.UNAUTHENTICATED, ErrorReason.Enum.CREDENTIAL_MISSING, message, Map.of());
      case Refusal.CredentialUnknown() ->
          status(Code.UNAUTHENTICATED, ErrorReason.Enum.CREDENTIAL_UNKNOWN, message, Map.of());
      case Refusal.RoleTooLow low ->
          status(
              Code.PERMISSION_DENIED,
              ErrorReason.Enum.ROLE_TOO_LOW,
              message,
              Map.of("role", low.role(), "required_role", low.required()));
      case Refusal.BranchNotAllowed denied ->
          status(
              Code.PERMISSION_DENIED,
              ErrorReason.Enum.BRANCH_NOT_ALLOWED,
              message,
              Map.of("branches", denied.branches()));
      case Refusal.NotBuildOwner denied ->
          status(
              Code.PERMISSION_DENIED,
              ErrorReason.Enum.NOT_BUILD_OWNER,
              message,
              build(denied.buildId()));
      case Refusal.TooManyCalls(String scope, int limit, Duration retryAfter) ->
          status(
              Code.RESOURCE_EXHAUSTED,
              ErrorReason.Enum.TOO_MANY_CALLS,
              message,
              Map.of("scope", scope, "limit", Integer.toString(limit)),
              retry(retryAfter));
      case Refusal.TooManyBytes(int limit, Duration retryAfter) ->
          status(
              Code.RESOURCE_EXHAUSTED,
              ErrorReason.Enum.TOO_MANY_CALLS,
              message,
              Map.of("scope", "request_bytes", "limit", Integer.toString(limit)),
              retry(retryAfter));
      case Refusal.RequestIncomplete(Duration limit) ->
          status(Code.DEADLINE_EXCEEDED, ErrorReason.Enum.REQUEST_INCOMPLETE, message, Map.of());
      case Refusal.OutcomeUnknown() ->
          status(Code.UNAVAILABLE, ErrorReason.Enum.OUTCOME_UNKNOWN, message, Map.of());
    };
  }

  private static Status status(
      Code code,
      ErrorReason.Enum reason,
      String message,
      Map<String, String> metadata,
      Message... details) {
    var status =
        Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage(message)
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setDomain(DOMAIN)
                        .setReason(reason.name())
                        .putAllMetadata(metadata)
                        .build()));
    for (Message detail : details) {
      status.addDetails(Any.pack(detail));
    }
    return status.build();
  }

  private static Map<String, String> index(String branchName, String indexType, String indexName) {
    return Map.of("branch_name", branchName, "index_type", indexType, "index_name", indexName);
  }

  private static Map<String, String> build(UUID id) {
    return Map.of("shadow_index_id", id.toString());
  }

  private static Map<String, String> lock(UUID id) {
    return Map.of("lock_id", id.toString());
  }

  private static Map<String, String> lockHeld(Refusal.LockHeld held) {
    var metadata = new HashMap<String, String>();
    metadata.put("branch_name", held.branchName());
    metadata.put("resource_type", String.join(",", held.resourceTypes()));
    metadata.put("holder", held.holder());
    if (held.lockId() != null) {
      metadata.put("lock_id", held.lockId().toString());
    }
    if (held.buildId() != null) {
      metadata.put("shadow_index_id", held.buildId().toString());
    }
    return metadata;
  }

  private static BadRequest badRequest(List<Violation> violations) {
    var detail = BadRequest.newBuilder();
    for (Violation violation : violations) {
      detail
          .addFieldViolationsBuilder()
          .setField(violation.subject())
          .setDescription(violation.description());
    }
    return detail.build();
  }

  /** As many files as are worth listing; the message says how many there are. */
  private static List<Violation> first(List<Violation> files) {
    return files.subList(0, Math.min(files.size(), MAX_FILES));
  }

  private static PreconditionFailure precondition(String type, List<Violation> violations) {
    var detail = PreconditionFailure.newBuilder();
    for (Violation violation : violations) {
      detail
          .addViolationsBuilder()
          .setType(type)
          .setSubject(violation.subject())
          .setDescription(violation.description());
    }
    return detail.build();
  }

  private static RetryInfo retry(Duration delay) {
    return RetryInfo.newBuilder().setRetryDelay(Messages.duration(delay)).build();
  }

  /** Java tells the errors of a disk apart only by the system's words for them. */
  private static boolean saysOneOf(Throwable cause, String... reasons) {
    String reason =
        cause instanceof FileSystemException e
            ? e.getReason()
            : cause instanceof IOException e ? e.getMessage() : null;
    return reason != null && Arrays.stream(reasons).anyMatch(reason::contains);
  }
}
