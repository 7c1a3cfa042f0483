package io.shadowindex.client;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.shadowindex.v1.ErrorReason;
import java.util.Map;

/**
 * What the server said when it refused a call. Programs decide by {@link #reason}, people read
 * {@link #message}.
 *
 * @param code the status
 * @param reason the documented reason; {@code ERROR_REASON_UNSPECIFIED} when the status does not
 *     come from a ShadowIndex server (such as a refused connection), or has a reason newer than
 *     this client
 * @param message one sentence for people; may be empty
 * @param metadata the ids involved, as {@code error_reason.proto} lists them for each reason
 */
public record Refusal(
    Status.Code code, ErrorReason.Enum reason, String message, Map<String, String> metadata) {

  private static final String DOMAIN = "shadowindex.io";

  /** Copies the map. */
  public Refusal {
    metadata = Map.copyOf(metadata);
  }

  /** Reads a failed call. Details that cannot be parsed count as absent. */
  public static Refusal of(StatusRuntimeException failure) {
    ErrorInfo info = errorInfo(failure);
    String description = failure.getStatus().getDescription();
    return new Refusal(
        failure.getStatus().getCode(),
        reasonOf(info),
        description == null ? "" : description,
        info.getMetadataMap());
  }

  /**
   * True when the build is out of this worker's hands: cancelled, failed or completed by somebody
   * else, taken over by another attempt, or unknown to the server.
   */
  public boolean buildIsLost() {
    return reason == ErrorReason.Enum.ILLEGAL_TRANSITION
        || reason == ErrorReason.Enum.STALE_FENCING_TOKEN
        || reason == ErrorReason.Enum.SHADOW_INDEX_NOT_FOUND;
  }

  private static ErrorReason.Enum reasonOf(ErrorInfo info) {
    EnumValueDescriptor value = ErrorReason.Enum.getDescriptor().findValueByName(info.getReason());
    return value == null || !info.getDomain().equals(DOMAIN)
        ? ErrorReason.Enum.ERROR_REASON_UNSPECIFIED
        : ErrorReason.Enum.forNumber(value.getNumber());
  }

  private static ErrorInfo errorInfo(StatusRuntimeException failure) {
    com.google.rpc.Status status = StatusProto.fromThrowable(failure);
    if (status != null) {
      for (Any detail : status.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          try {
            return detail.unpack(ErrorInfo.class);
          } catch (InvalidProtocolBufferException e) {
            return ErrorInfo.getDefaultInstance(); // as if it had not been sent
          }
        }
      }
    }
    return ErrorInfo.getDefaultInstance();
  }
}
