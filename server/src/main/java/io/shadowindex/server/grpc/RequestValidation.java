package io.shadowindex.server.grpc;

import static java.util.stream.Collectors.joining;

import build.buf.protovalidate.Config;
import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.FieldPath;
import build.buf.validate.FieldPathElement;
import com.google.protobuf.ExtensionRegistry;
import com.google.protobuf.Message;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.Refusal.Violation;
import io.shadowindex.v1.ReportProgressRequest;
import io.shadowindex.v1.RulesProto;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.StreamProgressRequest;

/** Checks every request against the rules that stand beside its fields in the contract. */
final class RequestValidation implements ServerInterceptor {

  private final Validator validator;

  RequestValidation() {
    var extensions = ExtensionRegistry.newInstance();
    RulesProto.registerAllExtensions(extensions);
    this.validator =
        ValidatorFactory.newBuilder()
            .withConfig(Config.newBuilder().setExtensionRegistry(extensions).build())
            .build();
  }

  /**
   * Compiles the rules of the first request beforehand, which takes half a second in a cold
   * process.
   */
  void warmUp() {
    violations(StartBuildRequest.getDefaultInstance());
  }

  @Override
  public <ReqT, RespT> Listener<ReqT> interceptCall(
      ServerCall<ReqT, RespT> call, Metadata headers, ServerCallHandler<ReqT, RespT> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

      // The last report of a stream whose rules were all evaluated.
      private ReportProgressRequest kept = ReportProgressRequest.getDefaultInstance();

      @Override
      public void onMessage(ReqT message) {
        if (message instanceof StreamProgressRequest streamed) {
          if (keepsRulesLike(kept, streamed.getReport())) {
            super.onMessage(message);
            return;
          }
          kept = streamed.getReport();
        }
        if (message instanceof Message request) {
          ValidationResult result = violations(request);
          if (!result.isSuccess()) {
            throw new Refusal.InvalidFields(
                    result.getViolations().stream()
                        .map(violation -> toViolation(violation.toProto()))
                        .toList())
                .exception();
          }
        }
        super.onMessage(message);
      }
    };
  }

  /**
   * Whether a report keeps the rules for sure because one that did was the same but for numbers
   * that are within their ranges. Spares a fast stream the evaluation of every rule, which takes
   * longer than everything else; what is not certain is evaluated.
   */
  private static boolean keepsRulesLike(ReportProgressRequest kept, ReportProgressRequest report) {
    return !kept.getShadowIndexId().isEmpty()
        && kept.getShadowIndexId().equals(report.getShadowIndexId())
        && kept.getWorkerId().equals(report.getWorkerId())
        && report.getProgressPercent() >= 0
        && report.getProgressPercent() <= 100
        && report.getEstimatedCompletionSeconds() >= 0
        && report.getRecordCount() >= 0
        && report.getFencingToken() >= 0
        && report.getPartWeight() >= 0
        && (!report.hasTotalRecordCount() || report.getTotalRecordCount() >= 1);
  }

  private ValidationResult violations(Message request) {
    try {
      return validator.validate(request);
    } catch (ValidationException e) {
      throw new IllegalStateException("the contract's rules cannot be evaluated", e);
    }
  }

  private static Violation toViolation(build.buf.validate.Violation violation) {
    return new Violation(path(violation.getField()), violation.getMessage());
  }

  /** The path of a field in the form of google.rpc.BadRequest: {@code resource_types[2]}. */
  private static String path(FieldPath path) {
    return path.getElementsList().stream().map(RequestValidation::segment).collect(joining("."));
  }

  private static String segment(FieldPathElement element) {
    String subscript =
        switch (element.getSubscriptCase()) {
          case INDEX -> "[" + element.getIndex() + "]";
          case STRING_KEY -> "[\"" + element.getStringKey() + "\"]";
          case BOOL_KEY -> "[" + element.getBoolKey() + "]";
          case INT_KEY -> "[" + element.getIntKey() + "]";
          case UINT_KEY -> "[" + Long.toUnsignedString(element.getUintKey()) + "]";
          case SUBSCRIPT_NOT_SET -> "";
        };
    return element.getFieldName() + subscript;
  }
}
