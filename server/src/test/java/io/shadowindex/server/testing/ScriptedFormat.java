package io.shadowindex.server.testing;

import io.shadowindex.server.index.IndexFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Properties;

/**
 * A format that does what the index itself says: a directory with a file {@code script}, whose
 * properties are the answers.
 *
 * <ul>
 *   <li>{@code records}: the record count; none when absent
 *   <li>{@code error}: what the integrity check finds wrong
 *   <li>{@code throws}: {@code exception} or {@code error}, thrown by every question
 *   <li>{@code query}: {@code fails}, {@code hangs}, or how many milliseconds each takes
 *   <li>{@code query.live}: the same for the index seen through its live link
 * </ul>
 */
public final class ScriptedFormat implements IndexFormat {

  private static final String SCRIPT = "script";

  @Override
  public String name() {
    return "scripted";
  }

  @Override
  public boolean recognizes(Path directory) {
    return Files.exists(directory.resolve(SCRIPT));
  }

  @Override
  public OptionalLong countRecords(Path directory) throws IOException {
    String records = script(directory).getProperty("records");
    return records == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(records));
  }

  @Override
  public List<String> integrityErrors(Path directory) throws IOException {
    return Optional.ofNullable(script(directory).getProperty("error")).stream().toList();
  }

  @Override
  public Optional<Queries> openQueries(Path directory) throws IOException {
    Properties script = script(directory);
    String query = script.getProperty("query", "0");
    String behaviour =
        Files.isSymbolicLink(directory) ? script.getProperty("query.live", query) : query;
    return Optional.of(
        new Queries() {
          @Override
          public long run(String query) {
            behave(behaviour);
            return 1;
          }

          @Override
          public void close() {}
        });
  }

  private static void behave(String behaviour) {
    switch (behaviour) {
      case "fails" -> throw new IllegalStateException("the segment is gone");
      case "hangs" -> {
        while (!Thread.currentThread().isInterrupted()) {
          Thread.onSpinWait();
        }
      }
      default -> {
        long end = System.nanoTime() + Long.parseLong(behaviour) * 1_000_000;
        while (System.nanoTime() < end) {
          Thread.onSpinWait();
        }
      }
    }
  }

  private static Properties script(Path directory) throws IOException {
    var script = new Properties();
    try (var in = Files.newInputStream(directory.resolve(SCRIPT))) {
      script.load(in);
    }
    switch (script.getProperty("throws", "")) {
      case "exception" -> throw new IllegalStateException("cannot read " + directory + "/segment");
      case "error" -> throw new NoClassDefFoundError("org/example/Codec");
      default -> {}
    }
    return script;
  }
}
