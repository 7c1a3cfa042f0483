package io.shadowindex.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where things are measured: one directory, so that everybody writes to the same disk, and the
 * means to start what is measured. All of it is gone after {@link #close}.
 */
final class Lab implements AutoCloseable {

  private final Path home;
  private final Path scratch;
  private final Plan plan;
  private int directories;

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
  ShadowIndexServer shadowIndex(String... flags) throws IOException {
    ShadowIndexServer server =
        ShadowIndexServer.start(this, directory("shadowindex"), List.of(flags));
    if (!plan.equals(Plan.SMOKE)) { // which has no time for it
      server.awaitRehearsal();
    }
    return server;
  }

  /** An etcd with fresh data; empty where there is none. */
  Optional<EtcdServer> etcd() throws IOException {
    Path program = etcdProgram();
    return Files.isExecutable(program)
        ? Optional.of(EtcdServer.start(program, directory("etcd")))
        : Optional.empty();
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

  /** The stores that are compared: ShadowIndex first, then those that are installed. */
  List<Store> stores() throws IOException {
    var stores = new ArrayList<Store>();
    stores.add(new ShadowIndexStore(shadowIndex()));
    etcd().map(EtcdStore::new).ifPresent(stores::add);
    return stores;
  }

  @Override
  public void close() throws IOException {
    delete(scratch);
  }

  static void delete(Path tree) throws IOException {
    if (Files.exists(tree)) {
      try (Stream<Path> files = Files.walk(tree)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
