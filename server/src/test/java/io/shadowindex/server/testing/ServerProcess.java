package io.shadowindex.server.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.shadowindex.v1.LockServiceGrpc;
import io.shadowindex.v1.LockServiceGrpc.LockServiceBlockingStub;
import io.shadowindex.v1.ShadowIndexServiceGrpc;
import io.shadowindex.v1.ShadowIndexServiceGrpc.ShadowIndexServiceBlockingStub;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A server in a process of its own, started by its launcher, which a test may kill. */
public final class ServerProcess implements AutoCloseable {

  private static final String LISTENING = "listening on ";
  private static final Pattern RECOVERED = Pattern.compile("recovered in (\\d+) us");

  /** An environment for servers that are killed soon: a short life needs no better compiler. */
  public static final Map<String, String> QUICK_START =
      Map.of("SHADOWINDEX_JAVA_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");

  private final Process process;
  private final ManagedChannel channel;
  private final String firstLine;
  private final Duration startToListening;
  private final Duration recovery;

  private ServerProcess(
      Process process,
      Function<String, ManagedChannel> connect,
      String firstLine,
      Duration startToListening,
      Duration recovery) {
    this.process = process;
    this.firstLine = firstLine;
    this.startToListening = startToListening;
    this.recovery = recovery;
    this.channel = connect.apply(firstLine.substring(LISTENING.length()));
  }

  /**
   * Starts a server on that directory and waits until it answers; its log is beside the directory.
   */
  public static ServerProcess start(Path directory) throws IOException {
    return start(directory, Map.of());
  }

  /** The same with additions to its environment. */
  public static ServerProcess start(Path directory, Map<String, String> environment)
      throws IOException {
    return start(directory, environment, ServerProcess::plaintext);
  }

  /** The same, over connections that are made so to its address, {@code HOST:PORT}. */
  public static ServerProcess start(
      Path directory, Map<String, String> environment, Function<String, ManagedChannel> connect)
      throws IOException {
    long began = System.nanoTime();
    return awaitListening(directory, launch(directory, environment), connect, began);
  }

  private static ManagedChannel plaintext(String address) {
    return Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
  }

  /** Starts a server that ends by itself; null when it does so before it listens. */
  public static @Nullable ServerProcess startHalting(Path directory, HaltingServer.Plan plan)
      throws IOException, InterruptedException {
    long began = System.nanoTime();
    Process process =
        HaltingServer.process(directory, plan).redirectError(nextLog(directory)).start();
    try {
      return awaitListening(directory, process, ServerProcess::plaintext, began);
    } catch (IOException e) {
      if (process.waitFor() == HaltingServer.HALTED) {
        return null;
      }
      throw e;
    }
  }

  private static ServerProcess awaitListening(
      Path directory, Process process, Function<String, ManagedChannel> connect, long began)
      throws IOException {
    // Not closed: what the server prints later goes nowhere, and the reader ends with the process.
    BufferedReader output = process.inputReader(UTF_8);
    String line = output.readLine();
    var startToListening = Duration.ofNanos(System.nanoTime() - began);
    if (line == null || !line.startsWith(LISTENING)) {
      if (line != null) {
        process.destroyForcibly();
      }
      throw new IOException(
          "the server did not start: " + line + "\n" + Files.readString(log(directory)));
    }
    return new ServerProcess(process, connect, line, startToListening, recovery(directory));
  }

  /** The process of a server on that directory that has just been started. */
  public static Process launch(Path directory, Map<String, String> environment) throws IOException {
    var all = new HashMap<>(environment);
    all.put("SHADOWINDEX_REHEARSE", "false");
    return launcher(all, "--listen", "127.0.0.1:0", "--data-dir", directory.toString())
        .redirectError(nextLog(directory))
        .start();
  }

  /** What the server said in its log of its recovery. */
  private static Duration recovery(Path directory) throws IOException {
    var said = RECOVERED.matcher(Files.readString(log(directory)));
    if (!said.find()) {
      throw new AssertionError("the server says nothing of its recovery");
    }
    return Duration.ofNanos(Long.parseLong(said.group(1)) * 1000);
  }

  /** The launcher with arguments and environment, not started yet. */
  public static ProcessBuilder launcher(Map<String, String> environment, String... arguments) {
    var command =
        new ArrayList<>(List.of(Path.of("bin/shadowindex-server").toAbsolutePath().toString()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    return builder;
  }

  /** Where the next server on that directory logs; what the one before said is kept beside it. */
  private static File nextLog(Path directory) throws IOException {
    Path log = log(directory);
    if (Files.exists(log)) {
      Files.move(log, log.resolveSibling("%s.%d".formatted(log.getFileName(), System.nanoTime())));
    }
    return log.toFile();
  }

  private static Path log(Path directory) {
    return directory.resolveSibling(directory.getFileName() + ".log");
  }

  public String firstLine() {
    return firstLine;
  }

  /** From the start of the process to its listening. */
  public Duration startToListening() {
    return startToListening;
  }

  /** How much of that the recovery took. */
  public Duration recovery() {
    return recovery;
  }

  /** A stub with a deadline, so that no test hangs. */
  public ShadowIndexServiceBlockingStub stub() {
    return ShadowIndexServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  /** A stub of the locks with a deadline, so that no test hangs. */
  public LockServiceBlockingStub locks() {
    return LockServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  public ManagedChannel channel() {
    return channel;
  }

  /** How the process ended, which it has to do by itself within half a minute. */
  public int exitCode() throws InterruptedException {
    if (!ends()) {
      throw new AssertionError("the process goes on");
    }
    return process.exitValue();
  }

  /** Whether the server went away, which no server says of itself. */
  public static boolean isLost(StatusRuntimeException failure) {
    Code code = failure.getStatus().getCode();
    return code == Code.UNAVAILABLE
        || code == Code.UNKNOWN
        || code == Code.CANCELLED
        || code == Code.DEADLINE_EXCEEDED;
  }

  public long pid() {
    return process.pid();
  }

  /** Whether the process ends by itself within half a minute. */
  public boolean ends() throws InterruptedException {
    return process.waitFor(30, TimeUnit.SECONDS);
  }

  /** Kills the process as a power cut would: SIGKILL, and waits until it is gone. */
  public void kill() {
    process.destroyForcibly().onExit().join();
    channel.shutdownNow();
  }

  /** Lets it work for so long first: at which moment it is killed is the point of a test. */
  public void killAfter(int millis) throws InterruptedException {
    workFor(millis);
    kill();
  }

  /** Lets it work for so long. */
  public void workFor(long millis) throws InterruptedException {
    if (process.waitFor(millis, TimeUnit.MILLISECONDS)) {
      throw new AssertionError("the server ended by itself, with " + process.exitValue());
    }
  }

  /** Asks the process to stop, SIGTERM, and answers its exit code. */
  public int terminate() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("the server did not stop within a minute");
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    kill();
  }
}
