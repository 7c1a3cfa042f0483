package io.shadowindex.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/** What was measured where: whatever a figure depends on. */
final class Machine {

  private Machine() {}

  static Map<String, String> describe(Lab lab) throws IOException {
    var facts = new LinkedHashMap<String, String>();
    facts.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    facts.put("plan", lab.plan().name());
    facts.put(
        "processors",
        "%d × %s"
            .formatted(
                Runtime.getRuntime().availableProcessors(), line("/proc/cpuinfo", "model name")));
    facts.put("memory", line("/proc/meminfo", "MemTotal"));
    facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.put("disk", Files.getFileStore(lab.directory("disk")).type());
    facts.put("java", System.getProperty("java.vendor.version") + ", " + Runtime.version());
    facts.put("ShadowIndex", said(lab.file("."), "git", "describe", "--always", "--dirty"));
    facts.put("etcd", said(lab.file("."), lab.etcdProgram().toString(), "--version"));
    return facts;
  }

  private static String line(String file, String name) {
    try {
      return Files.readAllLines(Path.of(file)).stream()
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown");
    } catch (IOException notLinux) {
      return "unknown";
    }
  }

  /** The first line that a program says. */
  private static String said(Path directory, String... command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .start();
      try (var output = process.inputReader(UTF_8)) {
        String line = output.readLine();
        return line == null ? "unknown" : line;
      }
    } catch (IOException missing) {
      return "missing";
    }
  }
}
