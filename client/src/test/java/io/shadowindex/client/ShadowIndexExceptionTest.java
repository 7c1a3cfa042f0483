package io.shadowindex.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.shadowindex.client.examples.FailureExample;
import io.shadowindex.v1.ErrorReason;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

final class ShadowIndexExceptionTest {

  static List<ErrorReason.Enum> reasons() {
    return Arrays.stream(ErrorReason.Enum.values())
        .filter(reason -> reason != ErrorReason.Enum.UNRECOGNIZED)
        .filter(reason -> reason != ErrorReason.Enum.ERROR_REASON_UNSPECIFIED)
        .toList();
  }

  /** The status would make it Internal, so that only the reason can make it anything else. */
  @ParameterizedTest
  @MethodSource("reasons")
  void everyReasonOfTheContractHasItsClass(ErrorReason.Enum reason) {
    ShadowIndexException failure = refused(Code.UNKNOWN, reason.name());
    assertThat(failure.reason()).isEqualTo(reason);
    assertThat(failure.getClass() == ShadowIndexException.Internal.class)
        .isEqualTo(reason == ErrorReason.Enum.INTERNAL);
    assertThat(FailureExample.advice(failure)).isNotBlank();
  }

  @ParameterizedTest
  @CsvSource({
    "INVALID_ARGUMENT, InvalidArgument",
    "NOT_FOUND, NotFound",
    "FAILED_PRECONDITION, FailedPrecondition",
    "ALREADY_EXISTS, FailedPrecondition",
    "ABORTED, Conflict",
    "RESOURCE_EXHAUSTED, ResourceExhausted",
    "PERMISSION_DENIED, PermissionDenied",
    "UNAUTHENTICATED, PermissionDenied",
    "OUT_OF_RANGE, RevisionOutOfRange",
    "UNAVAILABLE, Unavailable",
    "INTERNAL, Internal"
  })
  void aReasonThatIsNewerThanTheLibraryIsWhatItsStatusIs(Code code, String member) {
    ShadowIndexException failure = refused(code, "INVENTED_LATER");
    assertThat(failure.getClass().getSimpleName()).isEqualTo(member);
    assertThat(failure.reason()).isEqualTo(ErrorReason.Enum.ERROR_REASON_UNSPECIFIED);
    assertThat(failure).hasMessage("no");
  }

  @ParameterizedTest
  @EnumSource(names = "OK", mode = EnumSource.Mode.EXCLUDE)
  void aStatusWithoutAnyDetailHasItsClassToo(Status.Code code) {
    var failure = ShadowIndexException.of(code.toStatus().asRuntimeException());
    assertThat(failure.code()).isEqualTo(code);
    assertThat(failure).hasMessage(code.name());
    assertThat(failure.metadata()).isEmpty();
    assertThat(failure.retryAfter()).isEmpty();
  }

  @Test
  void aLockTellsItsHolderAndWhenToComeBack() {
    assertThat(refused(Code.ABORTED, "LOCK_HELD"))
        .isInstanceOfSatisfying(
            ShadowIndexException.Locked.class,
            locked -> {
              assertThat(locked.holder()).isEqualTo("alice");
              assertThat(locked.lockId()).isEmpty();
              assertThat(locked.retryAfter()).contains(Duration.ofMillis(2500));
            });
  }

  private static ShadowIndexException refused(Code code, String reason) {
    ErrorInfo info =
        ErrorInfo.newBuilder()
            .setDomain("shadowindex.io")
            .setReason(reason)
            .putMetadata("holder", "alice")
            .build();
    RetryInfo retry =
        RetryInfo.newBuilder()
            .setRetryDelay(
                com.google.protobuf.Duration.newBuilder().setSeconds(2).setNanos(500_000_000))
            .build();
    return ShadowIndexException.of(
        StatusProto.toStatusRuntimeException(
            com.google.rpc.Status.newBuilder()
                .setCode(code.getNumber())
                .setMessage("no")
                .addDetails(Any.pack(info))
                .addDetails(Any.pack(retry))
                .build()));
  }
}
