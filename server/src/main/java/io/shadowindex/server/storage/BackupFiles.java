package io.shadowindex.server.storage;

import io.shadowindex.server.backup.StateBackups;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Backups as zip files, each in a directory for them while it is read. */
final class BackupFiles implements StateBackups {

  private final H2Database database;
  private final Path directory;

  BackupFiles(H2Database database, Path directory) {
    this.database = database;
    this.directory = directory;
  }

  private record BackupFile(Path file, InputStream content, long sizeBytes) implements Backup {
    @Override
    public byte[] read(int atMost) throws IOException {
      return content.readNBytes(atMost);
    }

    @Override
    public void close() throws IOException {
      content.close();
      Files.deleteIfExists(file);
    }
  }

  @Override
  public Backup make() throws IOException {
    Path file = Files.createDirectories(directory).resolve(UUID.randomUUID() + ".zip");
    try {
      database.backUpTo(file);
      return new BackupFile(file, Files.newInputStream(file), Files.size(file));
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }
}
