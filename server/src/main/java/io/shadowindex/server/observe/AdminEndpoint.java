package io.shadowindex.server.observe;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A small HTTP server for those who look after this one: {@code /metrics} for Prometheus, {@code
 * /livez} and {@code /readyz} as Kubernetes asks them. It listens before recovery begins, and says
 * so.
 */
public final class AdminEndpoint implements AutoCloseable {

  private static final String PLAIN = "text/plain; charset=utf-8";
  private static final String OPEN_METRICS = "application/openmetrics-text";

  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private volatile Readiness readiness = Readiness.STARTING;

  /** What becomes of calls now. */
  public enum Readiness {
    /** They are not taken yet. */
    STARTING,
    /** They are answered. */
    READY,
    /** No new ones are taken. */
    DRAINING
  }

  /** Begins to listen. */
  public AdminEndpoint(InetSocketAddress listen, Metrics metrics) throws IOException {
    this.http = HttpServer.create(listen, 0);
    http.setExecutor(threads);
    http.createContext("/metrics", exchange -> sendMetrics(exchange, metrics));
    http.createContext("/livez", exchange -> send(exchange, 200, PLAIN, "alive\n"));
    http.createContext("/readyz", this::sendReadiness);
    http.start();
  }

  /** The port it listens on. */
  public int port() {
    return http.getAddress().getPort();
  }

  public void become(Readiness next) {
    readiness = next;
  }

  private void sendReadiness(HttpExchange exchange) throws IOException {
    Readiness now = readiness;
    int status = now == Readiness.READY ? 200 : 503;
    send(exchange, status, PLAIN, now.name().toLowerCase(Locale.ROOT) + "\n");
  }

  private static void sendMetrics(HttpExchange exchange, Metrics metrics) throws IOException {
    String accepted = exchange.getRequestHeaders().getFirst("Accept");
    boolean open = accepted != null && accepted.contains(OPEN_METRICS);
    String type =
        open ? OPEN_METRICS + "; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4";
    send(exchange, 200, type, metrics.scrape(type));
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    try (exchange) {
      String method = exchange.getRequestMethod();
      if (!method.equals("GET") && !method.equals("HEAD")) {
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        exchange.sendResponseHeaders(405, -1);
        return;
      }
      byte[] body = text.getBytes(UTF_8);
      exchange.getResponseHeaders().set("Content-Type", type);
      boolean head = method.equals("HEAD");
      exchange.sendResponseHeaders(status, head ? -1 : body.length);
      if (!head) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  @Override
  public void close() {
    http.stop(0);
    threads.close();
  }
}
