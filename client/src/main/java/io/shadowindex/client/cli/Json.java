package io.shadowindex.client.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;

/** Messages as JSON with the field names of the contract. */
final class Json {
  private Json() {}

  static String of(MessageOrBuilder message) throws InvalidProtocolBufferException {
    return JsonFormat.printer().preservingProtoFieldNames().print(message);
  }

  /** The same on one line. */
  static String line(MessageOrBuilder message) throws InvalidProtocolBufferException {
    return JsonFormat.printer()
        .preservingProtoFieldNames()
        .omittingInsignificantWhitespace()
        .print(message);
  }
}
