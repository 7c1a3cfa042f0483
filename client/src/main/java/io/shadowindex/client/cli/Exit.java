package io.shadowindex.client.cli;

/** What the exit code of {@code shadowctl} tells a script. */
enum Exit {
  OK(0),
  /** The server said no, or the work failed. */
  REFUSED(1),
  /** The command line, the input or the query makes no sense. */
  USAGE(2),
  /** There is no such build or index. */
  NOT_FOUND(3),
  /** No server answered in time. */
  UNAVAILABLE(4);

  private final int code;

  Exit(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }
}
