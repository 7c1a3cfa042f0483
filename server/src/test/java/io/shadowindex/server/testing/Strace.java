package io.shadowindex.server.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Makes system calls of a running process fail while it is open, with strace(1). */
public final class Strace implements AutoCloseable {

  private final Process process;

  private Strace(Process process) {
    this.process = process;
  }

  /** Whether there is a strace, and it may attach to processes. */
  public static boolean works() throws IOException, InterruptedException {
    try {
      Process sleeping = new ProcessBuilder("sleep", "60").start();
      try (var _ = failing(sleeping.pid(), List.of(), "fsync", "EIO")) {
        return true;
      } finally {
        sleeping.destroyForcibly().waitFor();
      }
    } catch (IOException missingOrNotAllowed) {
      return false;
    }
  }

  /**
   * Makes calls fail from when this returns.
   *
   * @param paths only calls on these files or directories, which exist; empty for all
   * @param calls comma-separated; those this machine does not have begin with a question mark
   */
  public static Strace failing(long pid, List<Path> paths, String calls, String error)
      throws IOException {
    return failing(List.of("-f", "-p", Long.toString(pid)), paths, calls, error);
  }

  /** The same for the calls of one thread of the process, by its name. */
  public static Strace failingInThread(
      long pid, String thread, List<Path> paths, String calls, String error) throws IOException {
    try (var tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
      for (Path task : tasks.toList()) {
        if (Files.readString(task.resolve("comm")).strip().equals(thread)) {
          return failing(List.of("-p", task.getFileName().toString()), paths, calls, error);
        }
      }
    }
    throw new AssertionError("there is no thread " + thread);
  }

  private static Strace failing(List<String> traced, List<Path> paths, String calls, String error)
      throws IOException {
    var command = new ArrayList<>(List.of("strace"));
    command.addAll(traced);
    command.addAll(List.of("-o", "/dev/null", "-e"));
    command.add("inject=%s:error=%s".formatted(calls, error));
    for (Path path : paths) {
      command.addAll(List.of("-P", path.toRealPath().toString()));
    }
    Process process = new ProcessBuilder(command).start();
    // Not closed: it ends with the process.
    BufferedReader said = process.errorReader(UTF_8);
    String line = said.readLine();
    if (line == null || !line.contains("attached")) {
      process.destroyForcibly();
      throw new IOException("strace does not attach: " + line);
    }
    return new Strace(process);
  }

  /**
   * Lets the calls succeed again. One that is just being failed ends with ENOSYS instead: strace
   * has put another number in its place by then. So none should be under way.
   */
  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
