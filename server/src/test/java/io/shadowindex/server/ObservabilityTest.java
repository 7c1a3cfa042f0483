package io.shadowindex.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.config.Settings;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.server.testing.AtStep;
import io.shadowindex.server.testing.TestServer;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.WatchBuildRequest;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an operator's tools see of a server. */
final class ObservabilityTest {

  private static final Path DASHBOARD = Path.of("../docs/grafana-dashboard.json");
  private static final Pattern METRIC =
      Pattern.compile("\\b((?:shadowindex|grpc|jvm|process)_\\w+)");

  private final HttpClient http = HttpClient.newHttpClient();
  private TestServer server;

  @BeforeEach
  void startServer(@TempDir Path directory) throws IOException {
    server = start(directory, SwitchStep.Observer.NONE);
  }

  private static TestServer start(Path directory, SwitchStep.Observer steps) throws IOException {
    var anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return TestServer.start(
        TestServer.config(directory).with(Settings.ADMIN_LISTEN, Optional.of(anyPort)),
        new Environment(InstantSource.system(), FileOperations.real(), steps));
  }

  @AfterEach
  void stopServer() {
    http.close();
    server.close();
  }

  @Test
  void metricsTellOfCallsBuildsSwitchesStreamsAndCommits() throws Exception {
    ShadowIndex live = server.built("main");
    assertThat(server.switchTo(live).getSuccess()).isTrue();
    ShadowIndex building = server.startBuild("feature");
    var watch =
        server
            .stub()
            .watchBuild(
                WatchBuildRequest.newBuilder()
                    .setShadowIndexId(building.getShadowIndexId())
                    .build());
    assertThat(watch.next().hasSnapshot()).isTrue();

    assertThat(metrics())
        .contains("shadowindex_builds{state=\"active\"} 1.0")
        .contains("shadowindex_builds{state=\"building\"} 1.0")
        .contains("shadowindex_builds{state=\"failed\"} 0.0")
        .contains("shadowindex_switch_seconds_count{kind=\"switch\",outcome=\"live\"} 1")
        .contains(
            "shadowindex_switch_lock_held_seconds_bucket{kind=\"switch\",outcome=\"live\",le=\"0.01\"}")
        .contains("shadowindex_streams 1.0")
        .contains("shadowindex_writes_queued 0.0")
        .contains("shadowindex_locks_held 0.0")
        .contains("shadowindex_calls_waiting 0.0")
        .containsPattern("shadowindex_commit_seconds_count [1-9]")
        .containsPattern(
            "grpc_server_processing_duration_seconds_count\\{.*method=\"SwitchIndex\".*\\} 1")
        .contains("jvm_memory_used_bytes");
    server.cancel(building);
    await().untilAsserted(() -> assertThat(metrics()).contains("shadowindex_streams 0.0"));
  }

  @Test
  void aServerThatDrainsSaysSoUntilItsCallsHaveEnded(@TempDir Path elsewhere) throws Exception {
    server.close();
    var reached = new CountDownLatch(1);
    var goOn = new CompletableFuture<Void>();
    server =
        start(
            elsewhere,
            AtStep.run(
                SwitchStep.STAGE,
                () -> {
                  reached.countDown();
                  goOn.join();
                }));
    ShadowIndex build = server.built("main");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<SwitchIndexResponse> switched = threads.submit(() -> server.switchTo(build));
      reached.await();

      Future<?> stopped = threads.submit(server.server()::close);
      await().until(() -> get("/readyz").statusCode() == 503);
      assertThat(get("/readyz").body()).isEqualTo("draining\n");
      assertThat(metrics()).contains("shadowindex_builds{state=\"built\"} 1.0");
      assertThat(get("/livez").statusCode()).isEqualTo(200);

      goOn.complete(null);
      assertThat(switched.get().getSuccess()).isTrue();
      stopped.get();
      assertThatThrownBy(() -> get("/livez")).isInstanceOf(ConnectException.class);
    }
  }

  @Test
  void whoAsksForOpenMetricsGetsThem() throws Exception {
    HttpResponse<String> answer =
        send(request("/metrics").header("Accept", "application/openmetrics-text").build());

    assertThat(answer.headers().firstValue("Content-Type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("application/openmetrics-text"));
    assertThat(answer.body()).endsWith("# EOF\n");
  }

  @Test
  void aServerThatAnswersIsAliveAndReady() throws Exception {
    assertThat(get("/livez").statusCode()).isEqualTo(200);
    assertThat(get("/readyz").statusCode()).isEqualTo(200);
    assertThat(get("/nothing").statusCode()).isEqualTo(404);
    assertThat(send(request("/metrics").DELETE().build()).statusCode()).isEqualTo(405);
  }

  /** So that no panel stays empty because something was renamed. */
  @Test
  void theDashboardShowsMetricsThatThereAre() throws Exception {
    assertThat(server.switchTo(server.built("main")).getSuccess()).isTrue();
    String metrics = metrics();

    Set<String> shown =
        METRIC
            .matcher(Files.readString(DASHBOARD))
            .results()
            .map(found -> found.group(1))
            .collect(Collectors.toSet());

    assertThat(shown).hasSizeGreaterThan(5).allMatch(metrics::contains);
  }

  private String metrics() throws IOException, InterruptedException {
    return get("/metrics").body();
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path).build());
  }

  private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return http.send(request, BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path) {
    int port = server.server().adminPort().orElseThrow();
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d%s".formatted(port, path)));
  }
}
