package io.shadowindex.server.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The SHA-256 of a file in the page cache, opened and closed. */
@State(Scope.Benchmark)
public class HashLoop {

  @Param({"1024", "1048576"})
  public int bytes = 1024;

  private Path file = Path.of("");

  @Setup
  public void write() throws IOException {
    file = Files.write(Files.createTempFile("hashed", ""), new byte[bytes]);
  }

  @TearDown
  public void delete() throws IOException {
    Files.delete(file);
  }

  @Benchmark
  public String sha256() throws IOException {
    return FileHash.sha256(file);
  }
}
