package io.shadowindex.server.storage;

import io.shadowindex.server.index.FileOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.jooq.exception.DataAccessException;

/**
 * The file of the database, with its schema up to date.
 *
 * <p>H2 commits each statement of a migration by itself, so that a file whose migration is cut off
 * could never be opened again. What is new or older than this server is therefore migrated as a
 * draft, which takes the file's place when it is whole and durable: a crash leaves the one or the
 * other, and the next start begins anew.
 */
final class DatabaseFile {

  private static final String SUFFIX = ".mv.db"; // H2 appends it itself
  private static final String NAME = "shadowindex";
  private static final String DRAFT = "migrating";

  /** The file of the database, in its directory and in backups. */
  static final String FILE = NAME + SUFFIX;

  private DatabaseFile() {}

  /** Opens the file in that directory; creates it when there is none. */
  static JdbcConnectionPool open(Path directory) {
    try {
      Path file = directory.resolve(FILE);
      Path draft = directory.resolve(DRAFT + SUFFIX);
      Files.deleteIfExists(draft);
      if (Files.exists(file)) {
        JdbcConnectionPool connections = connect(directory, NAME);
        if (migrations(connections).info().pending().length == 0) {
          return connections;
        }
        shutDown(connections);
        Files.copy(file, draft);
      }
      JdbcConnectionPool migrating = connect(directory, DRAFT);
      migrations(migrating).migrate();
      shutDown(migrating);
      var files = FileOperations.real();
      files.sync(draft);
      files.rename(draft, file);
      files.sync(directory);
      return connect(directory, NAME);
    } catch (IOException e) {
      throw new UncheckedIOException("the database's file could not be brought up to date", e);
    }
  }

  private static JdbcConnectionPool connect(Path directory, String name) {
    // WRITE_DELAY has to be in the URL: a stored setting is ignored when the database is reopened.
    String url =
        "jdbc:h2:file:%s;WRITE_DELAY=0;QUERY_CACHE_SIZE=256;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=5000;DB_CLOSE_DELAY=-1"
            .formatted(directory.resolve(name).toAbsolutePath());
    return JdbcConnectionPool.create(url, "", "");
  }

  private static Flyway migrations(JdbcConnectionPool connections) {
    return Flyway.configure()
        .dataSource(connections)
        .locations("classpath:io/shadowindex/server/storage/migration")
        .loggers("slf4j")
        .load();
  }

  private static void shutDown(JdbcConnectionPool connections) {
    try (Connection connection = connections.getConnection();
        var statement = connection.createStatement()) {
      statement.execute("shutdown");
    } catch (SQLException e) {
      throw new DataAccessException("the database did not close", e);
    } finally {
      connections.dispose();
    }
  }
}
