package io.shadowindex.client.lucene;

import java.io.IOException;
import java.nio.file.Path;

/** There is nothing behind a live link: the index was never switched. */
public final class NoLiveIndexException extends IOException {
  private static final long serialVersionUID = 1L;

  NoLiveIndexException(Path liveLink, Throwable cause) {
    super("There is no live index at " + liveLink + ".", cause);
  }
}
