package io.shadowindex.bench;

import java.nio.file.Path;
import java.sql.SQLException;

/** Something that replaces a live index again and again. */
interface Flip extends AutoCloseable {

  String name();

  /** Replaces it once and answers for how long writers were kept out, in nanoseconds. */
  long flip() throws Exception;

  /** A file of the live index, as readers open it. */
  Path liveFile();

  @Override
  void close() throws SQLException;
}
