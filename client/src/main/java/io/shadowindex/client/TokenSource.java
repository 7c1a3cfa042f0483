package io.shadowindex.client;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Where the bearer token of each call comes from. Any number of threads may ask, and may wait. */
@FunctionalInterface
public interface TokenSource {

  /**
   * The token to send with one call.
   *
   * @return visible ASCII characters
   * @throws IOException when there is none; the message says why, in one sentence
   */
  String token() throws IOException;

  /**
   * A file that holds the token and perhaps a line break. It is read for every call, so that a
   * token that is replaced while the connection is open is used from the next call on; replace the
   * file by renaming, or a call may see half of it.
   */
  static TokenSource file(Path file) {
    return () -> {
      try {
        return Files.readString(file).strip();
      } catch (NoSuchFileException e) {
        throw new IOException("There is no token file " + file + ".", e);
      } catch (FileSystemException e) {
        throw new IOException("The token file " + file + " cannot be read.", e);
      }
    };
  }

  /**
   * An environment variable, read now.
   *
   * @throws IllegalArgumentException when it is not set or empty
   */
  static TokenSource environment(String variable) {
    String value = System.getenv(variable);
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException(
          "There is no token in the environment's " + variable + ".");
    }
    String token = value.strip();
    return () -> token;
  }
}
