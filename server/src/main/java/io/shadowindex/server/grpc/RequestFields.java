package io.shadowindex.server.grpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.shadowindex.v1.StreamProgressRequest;
import java.util.Optional;
import java.util.UUID;

/** Fields that requests have in common, by their names; whether they keep their rules or not. */
final class RequestFields {

  private RequestFields() {}

  /** The message that has the fields: of a worker's stream its report. */
  static Message of(Object request) {
    return request instanceof StreamProgressRequest stream ? stream.getReport() : (Message) request;
  }

  /** Empty also for an empty text. */
  static Optional<String> text(Message request, String name) {
    FieldDescriptor field = request.getDescriptorForType().findFieldByName(name);
    return Optional.ofNullable(field == null ? null : (String) request.getField(field))
        .filter(text -> !text.isEmpty());
  }

  /** Empty also for what is no UUID, which the field rules refuse. */
  static Optional<UUID> uuid(Message request, String name) {
    return text(request, name)
        .flatMap(
            text -> {
              try {
                return Optional.of(UUID.fromString(text));
              } catch (IllegalArgumentException e) {
                return Optional.empty();
              }
            });
  }
}
