package io.shadowindex.bench;

import com.google.protobuf.ByteString;
import io.shadowindex.bench.etcd.KVGrpc;
import io.shadowindex.bench.etcd.PutRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** An etcd of one member with its defaults, in a process of its own. */
final class EtcdServer implements AutoCloseable {

  private static final int START_SECONDS = 30;

  private final Launched process;
  private final String address;

  private EtcdServer(Launched process, String address) {
    this.process = process;
    this.address = address;
  }

  /** Starts an etcd on that directory and waits until it takes a write. */
  static EtcdServer start(Path program, Path directory) throws IOException {
    String clients = "127.0.0.1:" + freePort();
    String peers = "http://127.0.0.1:" + freePort();
    var builder =
        new ProcessBuilder(
            program.toAbsolutePath().toString(),
            "--data-dir",
            directory.toString(),
            "--listen-client-urls",
            "http://" + clients,
            "--advertise-client-urls",
            "http://" + clients,
            "--listen-peer-urls",
            peers,
            "--initial-advertise-peer-urls",
            peers,
            "--initial-cluster",
            "default=" + peers);
    builder.environment().put("ETCD_UNSUPPORTED_ARCH", System.getProperty("os.arch"));
    var etcd =
        new EtcdServer(
            new Launched(
                builder.redirectOutput(ProcessBuilder.Redirect.DISCARD),
                directory.resolveSibling(directory.getFileName() + ".log")),
            clients);
    try (var connections = new Connections(clients)) {
      var _ =
          KVGrpc.newBlockingStub(connections.calling())
              .withWaitForReady()
              .withDeadlineAfter(START_SECONDS, TimeUnit.SECONDS)
              .put(PutRequest.newBuilder().setKey(ByteString.copyFromUtf8("ready")).build());
    } catch (RuntimeException e) {
      etcd.close();
      throw e;
    }
    return etcd;
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  Launched process() {
    return process;
  }

  String address() {
    return address;
  }

  @Override
  public void close() {
    process.close();
  }
}
