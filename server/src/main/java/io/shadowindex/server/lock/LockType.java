package io.shadowindex.server.lock;

/** What a lock is for; told to those it keeps out. The names are stored. */
public enum LockType {
  INDEXING,
  MIGRATION,
  BACKUP,
  MAINTENANCE,
  MANUAL
}
