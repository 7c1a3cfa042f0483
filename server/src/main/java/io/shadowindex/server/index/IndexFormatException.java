package io.shadowindex.server.index;

/** A format did not answer. The message is for people and holds no path of the server. */
public final class IndexFormatException extends Exception {

  private static final long serialVersionUID = 1L;

  IndexFormatException(String message, Throwable cause) {
    super(message, cause);
  }

  /** What went wrong, in one sentence. */
  public String sentence() {
    return String.valueOf(getMessage());
  }
}
