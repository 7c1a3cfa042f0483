package io.shadowindex.server.index;

/** How a build becomes live. The names are stored. */
public enum SwitchStrategy {
  /** The live link leads to the directory that the worker wrote to; nothing is moved or copied. */
  ATOMIC_RENAME,
  /** The live link leads to a copy on the serving volume, made before the lock. */
  COPY_AND_REPLACE
}
