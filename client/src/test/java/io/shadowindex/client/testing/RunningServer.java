package io.shadowindex.client.testing;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.server.ShadowIndexServer;
import io.shadowindex.server.config.ServerConfig;
import io.shadowindex.server.config.Settings;
import io.shadowindex.v1.GetShadowIndexRequest;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ListShadowIndexesRequest;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A real server in this process, on a free loopback port, and a client connected to it. */
public final class RunningServer implements AutoCloseable {
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final Path directory;
  private final int port;
  private ShadowIndexServer server;
  private final ShadowIndexClient client;

  private RunningServer(Path directory) throws IOException {
    this.directory = directory;
    server = start(0);
    port = server.port();
    client = ShadowIndexClient.connect(address());
  }

  public static RunningServer start(Path directory) throws IOException {
    return new RunningServer(directory);
  }

  private ShadowIndexServer start(int port) throws IOException {
    return ShadowIndexServer.start(
        ServerConfig.defaults()
            .with(Settings.LISTEN, new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .with(Settings.DATA_DIR, directory.resolve("data"))
            .with(Settings.INDEX_ROOT, directory.resolve("index"))
            .with(Settings.REHEARSE, false),
        failures::add);
  }

  /** Stops the server and starts it again at the same address; calls wait for neither. */
  public void restart() throws IOException {
    stop();
    startAgain();
  }

  /** Stops the server; nobody listens at its address. */
  public void stop() {
    server.close();
  }

  /** Starts a server that was stopped, at the same address. */
  public void startAgain() throws IOException {
    server = start(port);
  }

  /** {@code HOST:PORT}. */
  public String address() {
    return "127.0.0.1:" + port;
  }

  public ShadowIndexClient client() {
    return client;
  }

  /** A request for a search index of a branch. */
  public static StartBuildRequest search(String branch) {
    return StartBuildRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .addResourceTypes("object_type")
        .build();
  }

  /** A build as the server has it now. */
  public ShadowIndex get(String id) {
    return client
        .getShadowIndex(GetShadowIndexRequest.newBuilder().setShadowIndexId(id).build())
        .getShadowIndex();
  }

  /** All builds of a branch, newest first. */
  public List<ShadowIndex> builds(String branch) {
    return client
        .listShadowIndexes(ListShadowIndexesRequest.newBuilder().setBranchName(branch).build())
        .getShadowIndexesList();
  }

  /** Stops the server; a failure that would have ended a real process fails the test. */
  @Override
  public void close() {
    client.close();
    server.close();
    if (!failures.isEmpty()) {
      throw new AssertionError("The server failed: " + failures);
    }
  }
}
