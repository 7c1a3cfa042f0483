package io.shadowindex.bench;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where things are measured: one directory, so that everybody writes to the same disk, and the
 * means to start what is measured. All of it is gone after {@link #close}.
 */
final class Lab implements AutoCloseable {

  private final Path home;
  private final Path scratch;
  private final Plan plan;
  private int directories;
  private @Nullable ShadowIndexServer shadowIndex;
  private @Nullable EtcdServer etcd;

  /**
   * @param home of the project
   * @param scratch on the disk to measure; emptied first
   */
  Lab(Path home, Path scratch, Plan plan) throws IOException {
    this.home = home;
    this.scratch = scratch;
    this.plan = plan;
    delete(scratch);
    Files.createDirectories(scratch);
  }

  Plan plan() {
    return plan;
  }

  /** A file of the project. */
  Path file(String path) {
    return home.resolve(path);
  }

  /** A new empty directory. */
  Path directory(String name) throws IOException {
    return Files.createDirectory(scratch.resolve(++directories + "-" + name));
  }

  /** A server with fresh data, started by its launcher as users start it. It has rehearsed. */
  ShadowIndexServer freshShadowIndex() throws IOException {
    ShadowIndexServer server = ShadowIndexServer.start(this, directory("shadowindex"));
    if (!plan.equals(Plan.SMOKE)) { // which has no time for it
      server.awaitRehearsal();
    }
    return server;
  }

  /**
   * The server of all measures that need no fresh one: it takes a JVM some ten seconds to compile
   * what it runs. Closed with the lab.
   */
  ShadowIndexServer shadowIndex() throws IOException {
    if (shadowIndex == null) {
      shadowIndex = freshShadowIndex();
    }
    return shadowIndex;
  }

  /** A gRPC server that only answers, on the same kind of JVM. */
  Launched echo() throws IOException {
    return new Launched(
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            EchoServer.class.getName()),
        directory("echo").resolve("log"));
  }

  Path etcdProgram() {
    return file("client/bench/target/peers/usr/bin/etcd");
  }

  /**
   * The stores that are compared: ShadowIndex first, then those that are installed. Their servers
   * are shared by all measures.
   *
   * @param group what keeps the records of one measure apart from those of others
   */
  List<Store> stores(String group) throws IOException {
    var stores = new ArrayList<Store>();
    stores.add(new ShadowIndexStore(shadowIndex(), group));
    if (etcd == null && Files.isExecutable(etcdProgram())) {
      etcd = EtcdServer.start(etcdProgram(), directory("etcd"));
    }
    if (etcd != null) {
      stores.add(new EtcdStore(etcd, group));
    }
    return stores;
  }

  @Override
  public void close() throws IOException {
    if (shadowIndex != null) {
      shadowIndex.close();
    }
    if (etcd != null) {
      etcd.close();
    }
    delete(scratch);
  }

  static void delete(Path tree) throws IOException {
    try {
      var _ = Peer.seconds(Path.of("/dev/null"), "rm", "-rf", tree.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("while " + tree + " was deleted");
    }
  }
}
