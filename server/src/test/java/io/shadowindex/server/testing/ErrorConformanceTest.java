package io.shadowindex.server.testing;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tests' own watchdog barks. */
final class ErrorConformanceTest {

  private final ErrorConformance conformance = new ErrorConformance();

  @Test
  void aDocumentedReasonPasses() {
    see(
        "there is no build 4711; look at refs/heads/main or 127.0.0.1:50051",
        "shadowindex.io",
        "SHADOW_INDEX_NOT_FOUND");

    assertThatCode(conformance::assertConformed).doesNotThrowAnyException();
  }

  @Test
  void aStatusWithoutErrorInfoFails() {
    conformance.check("method", "", Status.INTERNAL.withDescription("oops"), new Metadata());

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("has no ErrorInfo");
  }

  @Test
  void theReasonOfAnotherDomainFails() {
    see("no", "example.com", "DISK_FULL");

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("another domain");
  }

  @ParameterizedTest
  @ValueSource(strings = {"NEVER_HEARD_OF", "ERROR_REASON_UNSPECIFIED", ""})
  void aReasonThatIsNotDocumentedFails(String reason) {
    see("no", "shadowindex.io", reason);

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("not documented");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cannot open /var/lib/shadowindex/builds",
        "Syntax error in select x from shadow_index",
        "at io.shadowindex.server.build.BuildLifecycle",
        "NullPointerException"
      })
  void whatTellsOfTheInsideFails(String message) {
    see(message, "shadowindex.io", "INTERNAL");

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("internal");
  }

  @Test
  void whatTheClientItselfSentMayBeTold() {
    see("/etc/passwd: is not a path within", "shadowindex.io", "UNSAFE_FILE");

    assertThatCode(conformance::assertConformed).doesNotThrowAnyException();
  }

  @Test
  void whatIsExhaustedWithoutATimeToComeBackFails() {
    see(Code.RESOURCE_EXHAUSTED, "the disk is full", "shadowindex.io", "DISK_FULL");

    assertThatThrownBy(conformance::assertConformed).hasMessageContaining("when to come back");
  }

  @Test
  void whatTheTransportSaysPasses() {
    conformance.check(
        "method", "", Status.UNAVAILABLE.withDescription("io exception"), new Metadata());
    conformance.check(
        "method",
        "",
        Status.UNIMPLEMENTED.withDescription("Method not found: a/b"),
        new Metadata());

    assertThatCode(conformance::assertConformed).doesNotThrowAnyException();
  }

  private void see(String message, String domain, String reason) {
    see(Code.FAILED_PRECONDITION, message, domain, reason);
  }

  private void see(Code code, String message, String domain, String reason) {
    StatusRuntimeException refused =
        StatusProto.toStatusRuntimeException(
            com.google.rpc.Status.newBuilder()
                .setCode(code.getNumber())
                .setMessage(message)
                .addDetails(
                    Any.pack(ErrorInfo.newBuilder().setDomain(domain).setReason(reason).build()))
                .build());
    Metadata trailers = refused.getTrailers();
    conformance.check(
        "method",
        "branch_name: \"a/b\" path: \"/etc/passwd\"",
        refused.getStatus(),
        trailers == null ? new Metadata() : trailers);
  }
}
