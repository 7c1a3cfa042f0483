package io.shadowindex.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A program of the system that does comparable work. */
final class Peer {

  private Peer() {}

  /** Runs a command to its end and answers how many seconds it took. */
  static double seconds(Path log, String... command) throws IOException, InterruptedException {
    long began = System.nanoTime();
    int exit =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start()
            .waitFor();
    if (exit != 0) {
      throw new IOException("%s ended with %d".formatted(List.of(command), exit));
    }
    return (System.nanoTime() - began) / 1e9;
  }
}
