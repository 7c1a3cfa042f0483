package io.shadowindex.client.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;
import io.shadowindex.v1.AuditEntry;
import io.shadowindex.v1.CheckIndexesResponse;
import io.shadowindex.v1.Index;
import io.shadowindex.v1.Lock;
import io.shadowindex.v1.ShadowIndex;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** In what form a command prints its answer. */
enum Format {
  /** Words and tables for people. */
  TABLE,
  /** The server's answer, with the field names of the contract. */
  JSON,
  /** The same as YAML. */
  YAML,
  /** Only the ids of what the answer is about, one on each line. */
  NAME;

  /** The answer in this form, without a line end. */
  String of(Message answer) {
    return switch (this) {
      case TABLE -> "";
      case JSON -> json(answer, JsonFormat.printer());
      case YAML -> yaml(json(answer, JsonFormat.printer())).strip();
      case NAME -> names(answer).collect(Collectors.joining(System.lineSeparator()));
    };
  }

  /** One of a stream of answers in this form: JSON on one line, YAML as a document. */
  String oneOf(Message answer) {
    return switch (this) {
      case TABLE, NAME -> of(answer);
      case JSON -> json(answer, JsonFormat.printer().omittingInsignificantWhitespace());
      case YAML -> "---" + System.lineSeparator() + of(answer);
    };
  }

  private static String json(Message answer, JsonFormat.Printer printer) {
    try {
      return printer.preservingProtoFieldNames().print(answer);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("holds an Any, which no answer does", e);
    }
  }

  /** YAML reads JSON as it is. */
  private static String yaml(String json) {
    Object tree = new Load(LoadSettings.builder().build()).loadFromString(json);
    return new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build())
        .dumpToString(tree);
  }

  /** The ids of the outermost things in a message that have one. */
  private static Stream<String> names(Message message) {
    return switch (message) {
      case ShadowIndex build -> Stream.of(build.getShadowIndexId());
      case Lock lock -> Stream.of(lock.getLockId());
      case AuditEntry entry -> Stream.of(entry.getRequestId());
      case Index index ->
          Stream.of(
              index.getBranchName() + "/" + index.getIndexType() + "/" + index.getIndexName());
      case CheckIndexesResponse.Finding finding -> Stream.of(finding.getCurrentIndexPath());
      case Struct struct when struct.containsFields("name") ->
          Stream.of(struct.getFieldsOrThrow("name").getStringValue());
      default ->
          message.getAllFields().values().stream()
              .flatMap(value -> value instanceof List<?> list ? list.stream() : Stream.of(value))
              .filter(Message.class::isInstance)
              .flatMap(value -> names((Message) value));
    };
  }
}
