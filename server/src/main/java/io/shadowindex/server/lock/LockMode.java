package io.shadowindex.server.lock;

/** Whether a lock keeps others out. */
public enum LockMode {
  /** Conflicts with every other lock. */
  EXCLUSIVE,
  /** A writer's lease: conflicts with exclusive locks only. */
  SHARED;

  /** Whether two locks of these modes exclude each other where their names overlap. */
  public boolean excludes(LockMode other) {
    return this == EXCLUSIVE || other == EXCLUSIVE;
  }
}
