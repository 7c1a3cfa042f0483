package io.shadowindex.bench;

import io.shadowindex.bench.Plan.Generation;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;

/**
 * The bare limit: between two durable commits, made as the server makes them, one rename of a
 * symlink and one fsync of its directory. No call, no lock, no verification, no journal; and so it
 * does not matter what it switches between.
 */
final class BareFlip implements Flip {

  private final Path directory;
  private final Path live;
  private final List<Path> generations;
  private final Connection connection;
  private int flips;

  BareFlip(Path directory) throws IOException, SQLException {
    this.directory = directory;
    this.live = directory.resolve("live");
    this.generations = List.of(directory.resolve("one"), directory.resolve("two"));
    for (Path path : generations) {
      GenerationFiles.writeSparse(Files.createDirectory(path), Generation.SMALL);
    }
    Files.createSymbolicLink(live, generations.getFirst());
    connection =
        DriverManager.getConnection(
            "jdbc:h2:file:%s;WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE"
                .formatted(directory.resolve("state").toAbsolutePath()));
    connection.setAutoCommit(false);
    execute("create table flips (id int primary key, flips int)");
    execute("insert into flips values (1, 0)");
    connection.commit();
  }

  @Override
  public String name() {
    return "bare limit";
  }

  @Override
  public long flip() throws IOException, SQLException {
    Path next = directory.resolve("next");
    Files.createSymbolicLink(next, generations.get(++flips % generations.size()));
    long began = System.nanoTime();
    commit();
    Files.move(next, live, StandardCopyOption.ATOMIC_MOVE);
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
    commit();
    return System.nanoTime() - began;
  }

  private void commit() throws SQLException {
    execute("update flips set flips = flips + 1 where id = 1");
    connection.commit();
    execute("checkpoint sync");
  }

  private void execute(String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public Path liveFile() {
    return live.resolve(GenerationFiles.name(0));
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
