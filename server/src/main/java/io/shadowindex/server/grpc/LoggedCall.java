package io.shadowindex.server.grpc;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.MDC;

/**
 * What every line says that is logged for a call: which one, whose, and what it is about, as far as
 * its headers and its first message tell. Only of a form that cannot break a line.
 */
record LoggedCall(Map<String, String> context) {

  /** A call of which no message has come. */
  static final LoggedCall UNKNOWN = new LoggedCall(Map.of());

  /** W3C's header; its second part is the trace. */
  private static final Metadata.Key<String> TRACE =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

  private static final Pattern TRACE_ID = Pattern.compile("[0-9a-f]{2}-([0-9a-f]{32})-.{1,64}");

  static LoggedCall of(MethodDescriptor<?, ?> method, Metadata headers, Object firstMessage) {
    var context = new HashMap<String, String>();
    context.put("rpc", String.valueOf(method.getBareMethodName()));
    String principal = Authentication.principal().name();
    if (!principal.isEmpty()) {
      context.put("principal", principal);
    }
    Message request = RequestFields.of(firstMessage);
    putId(context, "request_id", request, RepeatableCalls.REQUEST_ID);
    putId(context, "build_id", request, "shadow_index_id");
    putId(context, "lock_id", request, "lock_id");
    String trace = headers.get(TRACE);
    if (trace != null) {
      Matcher parts = TRACE_ID.matcher(trace);
      if (parts.matches()) {
        context.put("trace_id", parts.group(1));
      }
    }
    return new LoggedCall(context);
  }

  private static void putId(
      Map<String, String> context, String key, Message request, String field) {
    RequestFields.uuid(request, field).ifPresent(id -> context.put(key, id.toString()));
  }

  boolean isUnknown() {
    return context.isEmpty();
  }

  /** From now on the calling thread logs for this call. */
  void begin() {
    MDC.setContextMap(context);
  }

  /** The calling thread logs for no call any more. */
  static void end() {
    MDC.clear();
  }
}
