package io.shadowindex.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Counts the fsync(2) and fdatasync(2) of a process with strace, which slows it down meanwhile. */
final class Syncs {

  private static final Pattern CALL = Pattern.compile("\\bf(?:data)?sync\\(");

  private Syncs() {}

  /** How many there are while something is done; empty where strace is missing or not allowed. */
  static OptionalLong during(Launched traced, Path trace, Call work) throws Exception {
    Process strace;
    try {
      strace =
          new ProcessBuilder(
                  "strace",
                  "-f",
                  "-e",
                  "trace=fsync,fdatasync",
                  "-o",
                  trace.toString(),
                  "-p",
                  Long.toString(traced.pid()))
              .start();
    } catch (IOException missing) {
      return OptionalLong.empty();
    }
    try {
      BufferedReader said = strace.errorReader(UTF_8);
      String line = said.readLine();
      if (line == null || !line.contains("attached")) {
        return OptionalLong.empty();
      }
      work.make();
    } finally {
      strace.destroy();
      if (!strace.waitFor(10, TimeUnit.SECONDS)) {
        strace.destroyForcibly();
      }
    }
    try (Stream<String> lines = Files.lines(trace)) {
      return OptionalLong.of(lines.filter(line -> CALL.matcher(line).find()).count());
    }
  }
}
