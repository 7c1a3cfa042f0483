package io.shadowindex.client;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.shadowindex.v1.ErrorReason;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A call that was refused or failed. There is one class for each thing that a caller can do about
 * it, so that a {@code switch} over them needs no default:
 *
 * {@snippet file="FailureExample.java" region="example"}
 *
 * <p>The message is one sentence for people. {@link #reason} is the documented reason where a class
 * is not enough. Reasons that are newer than this library are of the class that goes with their
 * status.
 */
public abstract sealed class ShadowIndexException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final String DOMAIN = "shadowindex.io";

  private final transient Parts parts; // like the status of gRPC itself

  private ShadowIndexException(Parts parts) {
    super(parts.message, parts.cause);
    this.parts = parts;
  }

  /** The request breaks a rule; sent again as it is, it will again. */
  public static final class InvalidArgument extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private InvalidArgument(Parts parts) {
      super(parts);
    }
  }

  /** There is no such build, index or lock, or there is no more. */
  public static final class NotFound extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private NotFound(Parts parts) {
      super(parts);
    }
  }

  /**
   * Not in the state that the build, the index or its files are in; the message says what would
   * work. Bring that about first.
   */
  public static final class FailedPrecondition extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private FailedPrecondition(Parts parts) {
      super(parts);
    }
  }

  /**
   * Somebody else came first: the etag, the fencing token or the lease is not the current one. Look
   * at what is there now before anything else.
   */
  public static final class Conflict extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private Conflict(Parts parts) {
      super(parts);
    }
  }

  /** A lock was not granted in time. Wait for {@link #retryAfter}, or talk to {@link #holder}. */
  public static final class Locked extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private Locked(Parts parts) {
      super(parts);
    }

    /** Who holds the lock that is in the way; empty when others only came first. */
    public String holder() {
      return metadata().getOrDefault("holder", "");
    }

    /** Its id; empty when others only came first, and for the lock of a switch. */
    public String lockId() {
      return metadata().getOrDefault("lock_id", "");
    }
  }

  /** A limit of the server or its disk is reached. Wait, or make room. */
  public static final class ResourceExhausted extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private ResourceExhausted(Parts parts) {
      super(parts);
    }
  }

  /** Not with these credentials, or with none. */
  public static final class PermissionDenied extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private PermissionDenied(Parts parts) {
      super(parts);
    }
  }

  /** The log no longer, or not yet, has what came after a revision. Watch from a snapshot on. */
  public static final class RevisionOutOfRange extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private RevisionOutOfRange(Parts parts) {
      super(parts);
    }
  }

  /**
   * No server answers, or none that is trusted; the message says which. Nothing more was found out
   * by trying again for as long as the connection is told to.
   */
  public static final class Unavailable extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private Unavailable(Parts parts) {
      super(parts);
    }
  }

  /**
   * Nobody can tell whether the change was made: the deadline passed, or the server's disk failed.
   * Read what is there, or send the same request with the same {@code request_id} again.
   */
  public static final class OutcomeUnknown extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private OutcomeUnknown(Parts parts) {
      super(parts);
    }
  }

  /** The caller's own doing: the watch or the client was closed, or the thread interrupted. */
  public static final class Cancelled extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private Cancelled(Parts parts) {
      super(parts);
    }
  }

  /**
   * Something unexpected on the server. Its log has the cause under {@link #incidentId}; report it.
   */
  public static final class Internal extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private Internal(Parts parts) {
      super(parts);
    }

    /** As in the server's log; empty when the failure did not come from the service. */
    public String incidentId() {
      return metadata().getOrDefault("incident_id", "");
    }
  }

  /**
   * Tells a worker to stop: its build was cancelled, failed or completed by somebody else, or
   * another attempt has taken over. What the worker has written no longer matters. Only a {@link
   * WorkerSession} throws it.
   */
  public static final class BuildLost extends ShadowIndexException {
    private static final long serialVersionUID = 1L;

    private BuildLost(Parts parts) {
      super(parts);
    }
  }

  /** The status of the call. */
  public Status.Code code() {
    return parts.cause.getStatus().getCode();
  }

  /**
   * The documented reason; {@code ERROR_REASON_UNSPECIFIED} when the failure does not come from a
   * ShadowIndex server (such as a refused connection), or has a reason newer than this library.
   */
  public ErrorReason.Enum reason() {
    return parts.reason;
  }

  /** The ids involved, as {@code error_reason.proto} lists them for each reason. */
  public Map<String, String> metadata() {
    return parts.metadata;
  }

  /** When the server expects that the same call may go through. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(parts.retryAfter);
  }

  /** The failure of a call of which the caller knows nothing more than the status. */
  public static ShadowIndexException of(StatusRuntimeException failure) {
    String description = failure.getStatus().getDescription();
    return of(failure, description == null ? failure.getStatus().getCode().name() : description);
  }

  /** The same with another message. Details that cannot be parsed count as absent. */
  static ShadowIndexException of(StatusRuntimeException failure, String message) {
    Parts parts = Parts.of(failure, message);
    return switch (parts.reason) {
      case INVALID_FIELD, PROGRESS_BACKWARDS, INVALID_PAGE_TOKEN, REQUEST_ID_REUSED ->
          new InvalidArgument(parts);
      case SHADOW_INDEX_NOT_FOUND, INDEX_NOT_FOUND, LOCK_NOT_FOUND -> new NotFound(parts);
      case BUILD_ALREADY_EXISTS,
          ILLEGAL_TRANSITION,
          BUILD_DIRECTORY_MISSING,
          BUILD_DIRECTORY_EMPTY,
          UNSAFE_FILE,
          MANIFEST_DIFFERS,
          LIVE_NAME_OCCUPIED,
          READ_ONLY_VOLUME,
          GENERATION_NOT_RETAINED,
          NO_PREVIOUS_GENERATION,
          INDEX_HAS_LIVE_BUILD,
          BUILD_NOT_STALLED ->
          new FailedPrecondition(parts);
      case STALE_ETAG,
          STALE_FENCING_TOKEN,
          STALE_LOCK_TOKEN,
          LEASE_LOST,
          INDEX_CHANGED,
          WORKER_REPLACED ->
          new Conflict(parts);
      case LOCK_HELD -> new Locked(parts);
      case DISK_FULL,
          TOO_MANY_BUILDS,
          TOO_MANY_CALLS,
          TOO_MANY_LOCKS,
          TOO_MANY_STREAMS,
          TOO_MANY_WORKERS,
          STREAM_FLOODED ->
          new ResourceExhausted(parts);
      case CREDENTIAL_MISSING,
          CREDENTIAL_UNKNOWN,
          ROLE_TOO_LOW,
          BRANCH_NOT_ALLOWED,
          NOT_BUILD_OWNER,
          NOT_LOCK_OWNER ->
          new PermissionDenied(parts);
      case REVISION_OUT_OF_RANGE -> new RevisionOutOfRange(parts);
      case SERVER_DRAINING, STREAM_SILENT, REQUEST_INCOMPLETE -> new Unavailable(parts);
      case OUTCOME_UNKNOWN, REQUEST_UNDER_WAY -> new OutcomeUnknown(parts);
      case INTERNAL -> new Internal(parts);
      case ERROR_REASON_UNSPECIFIED, UNRECOGNIZED -> byStatus(parts);
    };
  }

  /** What a worker is told whose build this failure says is out of its hands. */
  static BuildLost buildLost(ShadowIndexException failure) {
    return new BuildLost(failure.parts);
  }

  private static ShadowIndexException byStatus(Parts parts) {
    return switch (parts.cause.getStatus().getCode()) {
      case INVALID_ARGUMENT, UNIMPLEMENTED -> new InvalidArgument(parts);
      case NOT_FOUND -> new NotFound(parts);
      case FAILED_PRECONDITION, ALREADY_EXISTS -> new FailedPrecondition(parts);
      case ABORTED -> new Conflict(parts);
      case RESOURCE_EXHAUSTED -> new ResourceExhausted(parts);
      case PERMISSION_DENIED, UNAUTHENTICATED -> new PermissionDenied(parts);
      case OUT_OF_RANGE -> new RevisionOutOfRange(parts);
      case UNAVAILABLE -> new Unavailable(parts);
      case DEADLINE_EXCEEDED -> new OutcomeUnknown(parts);
      case CANCELLED -> new Cancelled(parts);
      case OK, UNKNOWN, INTERNAL, DATA_LOSS -> new Internal(parts);
    };
  }

  /** What all members have. */
  private record Parts(
      String message,
      StatusRuntimeException cause,
      ErrorReason.Enum reason,
      Map<String, String> metadata,
      @Nullable Duration retryAfter) {

    static Parts of(StatusRuntimeException failure, String message) {
      ErrorInfo info = detail(failure, ErrorInfo.getDefaultInstance());
      RetryInfo retry = detail(failure, RetryInfo.getDefaultInstance());
      return new Parts(
          message,
          failure,
          reasonOf(info),
          Map.copyOf(info.getMetadataMap()),
          retry.hasRetryDelay()
              ? Duration.ofSeconds(
                  retry.getRetryDelay().getSeconds(), retry.getRetryDelay().getNanos())
              : null);
    }

    private static ErrorReason.Enum reasonOf(ErrorInfo info) {
      EnumValueDescriptor value =
          ErrorReason.Enum.getDescriptor().findValueByName(info.getReason());
      return value == null || !info.getDomain().equals(DOMAIN)
          ? ErrorReason.Enum.ERROR_REASON_UNSPECIFIED
          : ErrorReason.Enum.forNumber(value.getNumber());
    }

    private static <M extends Message> M detail(StatusRuntimeException failure, M absent) {
      com.google.rpc.Status status = StatusProto.fromThrowable(failure);
      if (status != null) {
        for (Any detail : status.getDetailsList()) {
          if (detail.isSameTypeAs(absent)) {
            try {
              return detail.unpackSameTypeAs(absent);
            } catch (InvalidProtocolBufferException e) {
              return absent; // as if it had not been sent
            }
          }
        }
      }
      return absent;
    }
  }
}
