package io.shadowindex.client.lucene;

/** Says in one line what is wrong with a query. */
public final class InvalidQueryException extends Exception {
  private static final long serialVersionUID = 1L;

  InvalidQueryException(String message, Throwable cause) {
    super(message, cause);
  }
}
