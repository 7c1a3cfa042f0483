package io.shadowindex.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that the bench started and ends, at the latest when the bench ends itself. */
final class Launched implements AutoCloseable {

  private static final String LISTENING = "listening on ";
  private static final Duration END = Duration.ofSeconds(30);

  private final Process process;
  private final Thread endedWithUs;

  /** Starts a process; what it says on standard error is in the log. */
  Launched(ProcessBuilder builder, Path log) throws IOException {
    process = builder.redirectError(log.toFile()).start();
    endedWithUs = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(endedWithUs);
  }

  /** Where it listens, once it says so, as ShadowIndex does in its first line. */
  String address() throws IOException {
    // Not closed: it ends with the process.
    BufferedReader output = process.inputReader(UTF_8);
    String line = output.readLine();
    if (line == null || !line.startsWith(LISTENING)) {
      throw new IOException("the server did not start: " + line);
    }
    return line.substring(LISTENING.length());
  }

  long pid() {
    return process.pid();
  }

  /** The memory it has now, RSS. */
  double residentMebibytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid() + "/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    throw new IOException("the kernel does not tell the memory of process " + pid());
  }

  /** What is alive on its heap, if it is a JVM like this one; collects the garbage first. */
  double liveHeapMebibytes() throws IOException {
    var command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
            Long.toString(pid()),
            "GC.class_histogram");
    Process jcmd = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (BufferedReader output = jcmd.inputReader(UTF_8)) {
      List<String> lines = output.lines().toList();
      String[] total = lines.getLast().strip().split("\\s+", -1); // Total, instances, bytes
      if (total.length != 3 || !total[0].equals("Total")) {
        throw new IOException("jcmd does not tell the heap: " + lines.getLast());
      }
      return Long.parseLong(total[2]) / (double) (1 << 20);
    }
  }

  @Override
  public void close() {
    process.destroy();
    boolean interrupted = Thread.interrupted();
    try {
      if (!process.waitFor(END.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
      Runtime.getRuntime().removeShutdownHook(endedWithUs);
    } catch (InterruptedException e) {
      interrupted = true;
      process.destroyForcibly();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
