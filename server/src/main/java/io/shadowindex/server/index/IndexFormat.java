package io.shadowindex.server.index;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the server has to know of a kind of index to look into it: the service-provider interface
 * for formats.
 *
 * <p>Found by {@link java.util.ServiceLoader}: a jar with an implementation that has a public
 * constructor without parameters, and with its name in {@code
 * META-INF/services/io.shadowindex.server.index.IndexFormat}, on the server's class path is all
 * that a further format takes.
 *
 * <p>One instance serves all calls, from many threads at once. A directory given to it holds plain
 * files only and may be the live link; its files are read-only and may be in use by readers. An
 * implementation reads them, follows no link among them, and writes nothing into the directory, not
 * even a lock file. Whatever it throws becomes a sentence in the answer of the switch, and goes to
 * the log with its cause.
 */
public interface IndexFormat {

  /** What people call the format, in one word: {@code lucene}. */
  String name();

  /**
   * Whether a directory holds an index of this format. Has to be quick, and false rather than wrong
   * for a directory of anything else: the first format that says yes is taken.
   */
  boolean recognizes(Path directory) throws IOException;

  /** The number of records that readers of the index see; empty when the format has no such. */
  OptionalLong countRecords(Path directory) throws IOException;

  /**
   * Checks the index by the means of its format, such as checksums within its files.
   *
   * @return one sentence for each thing that is wrong, beginning with the file where there is one;
   *     empty when all is well
   */
  List<String> integrityErrors(Path directory) throws IOException;

  /** Opens the index for probe queries; empty when the format has none. */
  default Optional<Queries> openQueries(Path directory) throws IOException {
    return Optional.empty();
  }

  /** An index opened for queries, by one thread at a time. */
  interface Queries extends Closeable {

    /**
     * Runs one query and answers the number of hits, which may be a lower bound.
     *
     * @throws IllegalArgumentException when the query is none; its message says what one looks like
     */
    long run(String query) throws IOException;
  }
}
