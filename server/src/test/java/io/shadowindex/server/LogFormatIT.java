package io.shadowindex.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.shadowindex.server.testing.ServerProcess;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.CompleteBuildRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server's log looks like, for people and for machines. */
final class LogFormatIT {

  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

  @TempDir private Path directory;

  @Test
  void everyLineIsAJsonObjectThatSaysWhatItIsAboutAndWhoAsked() throws Exception {
    Path data = directory.resolve("data");
    var requestId = UUID.randomUUID();
    ShadowIndex live;
    StatusRuntimeException failed;
    try (ServerProcess server = ServerProcess.start(data, environment("json"))) {
      var stub = withHeaders(server.stub());
      live = built(stub, "main");
      assertThat(stub.switchIndex(switchRequest(live, requestId)).getSuccess()).isTrue();
      ShadowIndex stuck = built(stub, "stuck");
      Files.writeString(data.resolve("index/live/stuck"), "where a directory should be");
      failed =
          catchThrowableOfType(
              StatusRuntimeException.class,
              () -> stub.switchIndex(switchRequest(stuck, UUID.randomUUID())));
    }
    assertThat(failed.getStatus().getCode()).isEqualTo(Code.INTERNAL);

    List<Struct> lines = Files.readAllLines(log(data)).stream().map(LogFormatIT::parse).toList();

    assertThat(lines)
        .hasSizeGreaterThan(3)
        .allSatisfy(
            line ->
                assertThat(line.getFieldsMap())
                    .containsKeys("timestamp", "level", "loggerName", "formattedMessage"));
    Struct switched = find(lines, "Index switch completed successfully");
    assertThat(text(switched, "level")).isEqualTo("INFO");
    assertThat(text(switched, "loggerName")).endsWith(".LoggedSwitches");
    Struct about = switched.getFieldsOrThrow("mdc").getStructValue();
    assertThat(text(about, "build_id")).isEqualTo(live.getShadowIndexId());
    assertThat(text(about, "request_id")).isEqualTo(requestId.toString());
    assertThat(text(about, "principal")).isEqualTo("ann");
    assertThat(text(about, "trace_id")).isEqualTo(TRACE);
    assertThat(text(about, "rpc")).isEqualTo("SwitchIndex");
    assertThat(Long.parseLong(text(about, "revision"))).isPositive();

    Struct incident = find(lines, "incident ");
    assertThat(text(incident.getFieldsOrThrow("mdc").getStructValue(), "principal"))
        .isEqualTo("ann");
    Struct thrown = incident.getFieldsOrThrow("throwable").getStructValue();
    assertThat(text(thrown, "className")).isNotEmpty();
    assertThat(thrown.getFieldsOrThrow("stepArray").getListValue().getValuesCount()).isPositive();
  }

  @Test
  void linesForPeopleSayTheSameAtTheirEnd() throws Exception {
    Path data = directory.resolve("data");
    try (ServerProcess server = ServerProcess.start(data, environment("text"))) {
      var stub = withHeaders(server.stub());
      ShadowIndex build = built(stub, "main");
      assertThat(stub.switchIndex(switchRequest(build, UUID.randomUUID())).getSuccess()).isTrue();

      assertThat(Files.readAllLines(log(data)))
          .anyMatch(line -> line.matches(".* INFO  ShadowIndexServer recovered in \\d+ us"))
          .anyMatch(
              line ->
                  line.contains("Index switch completed successfully")
                      && line.contains("build_id=" + build.getShadowIndexId())
                      && line.endsWith("]"));
    }
  }

  private Map<String, String> environment(String format) throws Exception {
    String hash =
        HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest("t".getBytes(UTF_8)));
    Path credentials = directory.resolve("credentials");
    Files.writeString(credentials, "ann operator * sha256:" + hash);
    return Map.of(
        "SHADOWINDEX_LOG_FORMAT", format, "SHADOWINDEX_CREDENTIALS", credentials.toString());
  }

  private static ShadowIndexServiceBlockingStub withHeaders(ShadowIndexServiceBlockingStub stub) {
    var headers = new Metadata();
    headers.put(key("authorization"), "Bearer t");
    headers.put(key("traceparent"), "00-" + TRACE + "-00f067aa0ba902b7-01");
    return stub.withDeadlineAfter(60, SECONDS)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static ShadowIndex built(ShadowIndexServiceBlockingStub stub, String branch)
      throws Exception {
    ShadowIndex build =
        stub.startBuild(
                StartBuildRequest.newBuilder()
                    .setBranchName(branch)
                    .setIndexType(IndexType.Enum.SEARCH_INDEX)
                    .addResourceTypes("object_type")
                    .build())
            .getShadowIndex();
    TestServer.write(build, "file", "content");
    return stub.completeBuild(
            CompleteBuildRequest.newBuilder()
                .setShadowIndexId(build.getShadowIndexId())
                .setRecordCount(1)
                .build())
        .getShadowIndex();
  }

  private static SwitchIndexRequest switchRequest(ShadowIndex build, UUID requestId) {
    return SwitchIndexRequest.newBuilder()
        .setShadowIndexId(build.getShadowIndexId())
        .setRequestId(requestId.toString())
        .build();
  }

  private static Path log(Path data) {
    return data.resolveSibling(data.getFileName() + ".log");
  }

  private static Struct parse(String line) {
    var parsed = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(line, parsed);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("no JSON object: " + line, e);
    }
    return parsed.build();
  }

  private static Struct find(List<Struct> lines, String message) {
    return lines.stream()
        .filter(line -> text(line, "formattedMessage").contains(message))
        .findFirst()
        .orElseThrow(() -> new AssertionError("nobody says " + message));
  }

  private static String text(Struct object, String key) {
    return object.getFieldsOrDefault(key, Value.getDefaultInstance()).getStringValue();
  }
}
