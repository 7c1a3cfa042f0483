package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpServer;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.trace.v1.Span;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.AutoSwitch;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.SwitchIndexRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a collector of traces gets. */
final class TracesTest {

  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String CALLER = "00f067aa0ba902b7";
  private static final ByteString NO_SPAN = ByteString.EMPTY;

  private final ConcurrentLinkedQueue<ExportTraceServiceRequest> received =
      new ConcurrentLinkedQueue<>();
  @TempDir private Path directory;
  private HttpServer collector;

  @BeforeEach
  void startCollector() throws IOException {
    collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    collector.createContext(
        "/otel/v1/traces",
        exchange -> {
          try (exchange) {
            received.add(ExportTraceServiceRequest.parseFrom(exchange.getRequestBody()));
            byte[] answer = ExportTraceServiceResponse.getDefaultInstance().toByteArray();
            exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
          }
        });
    collector.start();
  }

  @AfterEach
  void stopCollector() {
    collector.stop(0);
  }

  @Test
  void aSwitchIsASpanInItsCallersTraceAndEachStepIsOneInIt() throws Exception {
    try (TestServer server = TestServer.start(config(), Environment.real())) {
      ShadowIndex build = server.built("main");
      var request =
          SwitchIndexRequest.newBuilder().setShadowIndexId(build.getShadowIndexId()).build();
      var _ =
          server
              .stub()
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(caller()))
              .switchIndex(request);
    } // which sends what is left

    Span call = span("shadowindex.v1.ShadowIndexService/SwitchIndex");
    assertThat(call.getTraceId()).isEqualTo(bytes(TRACE));
    assertThat(call.getParentSpanId()).isEqualTo(bytes(CALLER));
    assertThat(call.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
    Span change = span("change live index");
    assertThat(change.getTraceId()).isEqualTo(bytes(TRACE));
    assertThat(change.getParentSpanId()).isEqualTo(call.getSpanId());
    List<Span> steps =
        spans().filter(span -> span.getParentSpanId().equals(change.getSpanId())).toList();
    assertThat(steps)
        .extracting(Span::getName)
        .containsExactlyElementsOf(
            Stream.of(
                    SwitchStep.VALIDATE,
                    SwitchStep.STAGE,
                    SwitchStep.INTEND,
                    SwitchStep.FLIP,
                    SwitchStep.VERIFY,
                    SwitchStep.COMMIT)
                .map(SwitchStep::name)
                .toList());
    assertThat(steps)
        .allSatisfy(
            step ->
                assertThat(step.getEndTimeUnixNano())
                    .isBetween(step.getStartTimeUnixNano(), change.getEndTimeUnixNano()));
    assertThat(span("shadowindex.v1.ShadowIndexService/StartBuild").getParentSpanId())
        .isEqualTo(NO_SPAN);
    assertThat(received.element().getResourceSpans(0).getResource().getAttributesList())
        .anyMatch(
            attribute ->
                attribute.getKey().equals("service.name")
                    && attribute.getValue().getStringValue().equals("shadowindex"));
  }

  @Test
  void anAutomaticSwitchIsATraceOfItsOwn() throws Exception {
    try (TestServer server = TestServer.start(config(), Environment.real())) {
      ShadowIndex build =
          server
              .stub()
              .startBuild(
                  StartBuildRequest.newBuilder()
                      .setBranchName("main")
                      .setIndexType(IndexType.Enum.SEARCH_INDEX)
                      .addResourceTypes("object_type")
                      .setAutoSwitch(AutoSwitch.newBuilder().setEnabled(true))
                      .build())
              .getShadowIndex();
      TestServer.write(build, "file", "content");
      var _ = server.complete(build, 1);
    } // which waits for the switch

    assertThat(span("change live index").getParentSpanId()).isEqualTo(NO_SPAN);
    assertThat(span("FLIP").getTraceId()).isEqualTo(span("change live index").getTraceId());
  }

  @Test
  void aCollectorThatIsAwayIsInNobodysWay() throws Exception {
    collector.stop(0);
    try (TestServer server = TestServer.start(config(), Environment.real())) {
      assertThat(server.switchTo(server.built("main")).getSuccess()).isTrue();
    }
  }

  private ServerConfig config() {
    var url = URI.create("http://127.0.0.1:%d/otel/".formatted(collector.getAddress().getPort()));
    return TestServer.config(directory).with(Settings.OTLP_ENDPOINT, Optional.of(url));
  }

  private static Metadata caller() {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER),
        "00-%s-%s-01".formatted(TRACE, CALLER));
    return headers;
  }

  private Span span(String name) {
    List<Span> named = spans().filter(span -> span.getName().equals(name)).toList();
    assertThat(named).as(name).hasSize(1);
    return named.getFirst();
  }

  /** In the order in which they ended. */
  private Stream<Span> spans() {
    return received.stream()
        .flatMap(request -> request.getResourceSpansList().stream())
        .flatMap(resource -> resource.getScopeSpansList().stream())
        .flatMap(scope -> scope.getSpansList().stream());
  }

  private static ByteString bytes(String hex) {
    return ByteString.copyFrom(HexFormat.of().parseHex(hex));
  }
}
