package io.shadowindex.bench;

import io.grpc.ManagedChannel;
import io.shadowindex.v1.IndexType;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import io.shadowindex.v1.StartBuildRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A ShadowIndex server in a process of its own. */
final class ShadowIndexServer implements AutoCloseable {

  static final String NAME = "ShadowIndex";
  static final String BRANCH = "bench";
  private static final Duration REHEARSAL = Duration.ofMinutes(2);

  static final String RESOURCE_TYPE = "object_type";

  private final Launched process;
  private final Path log;
  private final String address;
  private final Connections connections;
  private final ManagedChannel channel;

  private ShadowIndexServer(Launched process, Path log) throws IOException {
    this.process = process;
    this.log = log;
    this.address = process.address();
    this.connections = new Connections(address);
    this.channel = connections.calling();
  }

  /** Starts a server on that directory and waits until it listens. */
  static ShadowIndexServer start(Lab lab, Path directory) throws IOException {
    var command = new ArrayList<String>();
    command.add(lab.file("server/bin/shadowindex-server").toAbsolutePath().toString());
    command.addAll(List.of("--listen", "127.0.0.1:0", "--data-dir", directory.toString()));
    // As many as there are writers and watchers.
    command.addAll(List.of("--max-builds", "10000", "--max-builds-per-branch", "10000"));
    command.addAll(List.of("--max-streams", "20000"));
    Path log = directory.resolveSibling(directory.getFileName() + ".log");
    var process = new Launched(new ProcessBuilder(command), log);
    try {
      return new ShadowIndexServer(process, log);
    } catch (IOException e) {
      process.close();
      throw e;
    }
  }

  /** Waits until the server has rehearsed its switches, which it does in the background. */
  void awaitRehearsal() throws IOException {
    long deadline = System.nanoTime() + REHEARSAL.toNanos();
    while (!Files.readString(log).contains("rehearsed;")) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("the server does not rehearse");
      }
      LockSupport.parkNanos(10_000_000);
    }
  }

  Launched process() {
    return process;
  }

  String address() {
    return address;
  }

  Connections connections() {
    return connections;
  }

  /** A stub for whatever is not measured. */
  ShadowIndexServiceBlockingStub stub() {
    return ShadowIndexServiceGrpc.newBlockingStub(channel);
  }

  /** A new build of the index of that name. */
  ShadowIndex startBuild(String indexName) {
    return stub().startBuild(build(BRANCH, indexName)).getShadowIndex();
  }

  static StartBuildRequest build(String branch, String indexName) {
    return StartBuildRequest.newBuilder()
        .setBranchName(branch)
        .setIndexType(IndexType.Enum.SEARCH_INDEX)
        .setIndexName(indexName)
        .addResourceTypes(RESOURCE_TYPE)
        .build();
  }

  @Override
  public void close() {
    connections.close();
    process.close();
  }
}
