package io.shadowindex.client.cli;

/**
 * What the exit code of {@code shadowctl} tells a script; {@link ShadowCtl} has them in its help.
 */
enum Exit {
  OK(0),
  /** The server said no, or the work failed. */
  REFUSED(1),
  /** The command line, the configuration, the input or the query makes no sense. */
  USAGE(2),
  /** There is no such build, index, lock or generation. */
  NOT_FOUND(3),
  /** No server answered in time, or not in the way that was expected of it. */
  UNAVAILABLE(4),
  /** What was waited for has not come in the time given. */
  TIMED_OUT(5),
  /** The server does not know who asks, or does not let them do it. */
  NOT_PERMITTED(6);

  private final int code;

  Exit(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }
}
