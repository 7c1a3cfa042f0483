package io.shadowindex.server.lock;

/** How much a lock covers. */
public enum LockScope {
  /** Everything in a branch. */
  BRANCH,
  /** All resources of one or several types in a branch. */
  RESOURCE_TYPE,
  /** One resource. */
  RESOURCE
}
