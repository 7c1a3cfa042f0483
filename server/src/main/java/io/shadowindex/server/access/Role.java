package io.shadowindex.server.access;

/** What somebody may do; each role may also do what those before it may. */
public enum Role {
  /** Ask whether the server is well; needs no credential. Nobody is given this role. */
  ANYONE,
  /** Read, watch, ask for permission to write. */
  VIEWER,
  /** Start builds, and work on those it has started; hold leases while it writes. */
  WORKER,
  /** Switch, roll back, cancel, pause, lock, and work on everybody's builds. */
  OPERATOR,
  /** Delete indexes, take locks away from others. */
  ADMIN;

  public boolean includes(Role other) {
    return compareTo(other) >= 0;
  }
}
