package io.shadowindex.client.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A server in a process of its own, to be killed. */
public final class ServerProcess implements AutoCloseable {
  private final Path directory;
  private Process process;
  private String address = "127.0.0.1:0";

  private ServerProcess(Path directory) throws IOException {
    this.directory = directory;
    this.process = launch();
  }

  /** Starts one on a free port, with its data in that directory. */
  public static ServerProcess start(Path directory) throws IOException {
    return new ServerProcess(directory);
  }

  /** {@code HOST:PORT}, the same after every restart. */
  public String address() {
    return address;
  }

  /** SIGKILL, and a start at the same address once the process is gone. */
  public void killAndRestart() throws IOException, InterruptedException {
    process.destroyForcibly().waitFor();
    process = launch();
  }

  private Process launch() throws IOException {
    Path log = directory.resolve("server.log");
    Process launched =
        new ProcessBuilder(
                Path.of("../server/bin/shadowindex-server").toAbsolutePath().toString(),
                "--listen=" + address,
                "--data-dir=" + directory.resolve("data"),
                "--rehearse=false")
            .redirectError(log.toFile())
            .start();
    // Not closed: the server prints nothing more, and the reader ends with it.
    BufferedReader output = launched.inputReader(UTF_8);
    String line = output.readLine();
    if (line == null) {
      throw new IOException(Files.readString(log));
    }
    address = line.substring("listening on ".length());
    return launched;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
