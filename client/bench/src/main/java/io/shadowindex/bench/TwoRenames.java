package io.shadowindex.bench;

import io.shadowindex.bench.Plan.Generation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * The switch of the original report: the live directory is renamed away, the new one renamed to its
 * name. Nothing is made durable.
 */
final class TwoRenames implements Flip {

  private final Path live;
  private final Path shadow;
  private final Path old;

  TwoRenames(Path directory, Generation generation) throws IOException {
    this.live = Files.createDirectory(directory.resolve("live"));
    this.shadow = Files.createDirectory(directory.resolve("shadow"));
    this.old = directory.resolve("old");
    GenerationFiles.writeSparse(live, generation);
    GenerationFiles.writeSparse(shadow, generation);
  }

  @Override
  public String name() {
    return "two renames";
  }

  @Override
  public long flip() throws IOException {
    long began = System.nanoTime();
    Files.move(live, old, StandardCopyOption.ATOMIC_MOVE);
    Files.move(shadow, live, StandardCopyOption.ATOMIC_MOVE);
    long ended = System.nanoTime();
    Files.move(old, shadow, StandardCopyOption.ATOMIC_MOVE);
    return ended - began;
  }

  @Override
  public Path liveFile() {
    return live.resolve(GenerationFiles.name(0));
  }

  @Override
  public void close() {}
}
