package io.shadowindex.server.build;

/** Where a build stands. The names are stored. {@link Lifecycle} says which may follow which. */
public enum BuildState {
  /** Recorded; its directory is being created. */
  PREPARING,
  /** A worker fills its directory. */
  BUILDING,
  /** Complete, and held against its manifest from now on. */
  BUILT,
  /** A switch holds the lock. */
  SWITCHING,
  /** The live link leads here. */
  ACTIVE,
  /** Superseded; the files are kept for a while. */
  CLEANUP,
  /** The build, or the verification of its switch, failed. */
  FAILED,
  /** Given up. */
  CANCELLED;

  /** Whether the build occupies its index, so that no other build of it can begin. */
  public boolean isLive() {
    return switch (this) {
      case PREPARING, BUILDING, BUILT, SWITCHING -> true;
      case ACTIVE, CLEANUP, FAILED, CANCELLED -> false;
    };
  }
}
