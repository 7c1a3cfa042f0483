package io.shadowindex.client.lucene;

import java.io.IOException;

/** Says in one sentence why an input cannot be indexed at all. */
public final class InputException extends IOException {
  private static final long serialVersionUID = 1L;

  InputException(String message) {
    super(message);
  }

  InputException(String message, Throwable cause) {
    super(message, cause);
  }
}
