package io.shadowindex.server.index;

import io.shadowindex.server.index.IndexFormat.Queries;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One directory as its format sees it. Formats are other people's code: whatever they throw comes
 * out of here as an {@link IndexFormatException}, and what they say is cut to a bearable length.
 */
public final class IndexContent {

  private static final Logger log = LoggerFactory.getLogger(IndexContent.class);
  private static final int MAX_SENTENCE_CHARS = 400;

  private final String formatName;
  private final IndexFormat format;
  private final Path directory;

  IndexContent(IndexFormats.Named format, Path directory) {
    this.formatName = format.name();
    this.format = format.format();
    this.directory = directory;
  }

  /** A question to the format. */
  private interface Question<T> {
    T ask() throws Exception;
  }

  boolean isRecognized() throws IndexFormatException {
    return answer("recognize the index", () -> format.recognizes(directory));
  }

  /** What people call the format. */
  public String formatName() {
    return formatName;
  }

  /** The number of records that readers see; empty when the format has no such. */
  public OptionalLong countRecords() throws IndexFormatException {
    return answer("count the records", () -> format.countRecords(directory));
  }

  /** One sentence for each thing that the format finds wrong, 20 at most. */
  public List<String> integrityErrors() throws IndexFormatException {
    return answer(
        "check the index",
        () ->
            GenerationCheck.first(
                format.integrityErrors(directory).stream().map(this::sentence).toList()));
  }

  /** Opens the index for probe queries; empty when the format has none. */
  Optional<Queries> openQueries() throws IndexFormatException {
    return answer("open the index", () -> format.openQueries(directory));
  }

  /** Runs one query of this index and answers the number of hits. */
  long run(Queries queries, String query) throws IndexFormatException {
    return answer("run the probe query '%s'".formatted(query), () -> queries.run(query));
  }

  /** Closes what {@link #openQueries} opened; that it cannot be closed is only logged. */
  void close(Queries queries) {
    try {
      var _ =
          answer(
              "close the index",
              () -> {
                queries.close();
                return true;
              });
    } catch (IndexFormatException alreadyLogged) {
      // Nothing that was asked for is missing.
    }
  }

  private <T> T answer(String what, Question<T> question) throws IndexFormatException {
    try {
      return Objects.requireNonNull(question.ask(), "no answer");
    } catch (Exception | LinkageError | AssertionError | InternalError | StackOverflowError e) {
      // Everything that other people's code can throw; InternalError is what the JVM makes of a
      // mapped file that was truncated.
      String sentence = "the format %s could not %s: %s".formatted(formatName, what, describe(e));
      log.warn("{} in {}", sentence, directory, e);
      throw new IndexFormatException(sentence(sentence), e);
    }
  }

  private static String describe(Throwable thrown) {
    String type = thrown.getClass().getSimpleName();
    return thrown.getMessage() == null ? type : type + ": " + thrown.getMessage();
  }

  /** Without the server's paths, and not too long. */
  private String sentence(String text) {
    String inside = text.replace(directory + "/", "").replace(directory.toString(), ".");
    return inside.length() <= MAX_SENTENCE_CHARS
        ? inside
        : inside.substring(0, MAX_SENTENCE_CHARS) + "…";
  }
}
