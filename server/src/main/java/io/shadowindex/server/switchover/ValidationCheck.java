package io.shadowindex.server.switchover;

/** A check that a switch can make before it takes the lock. */
public enum ValidationCheck {
  /** The record count is plausible in itself and against the live generation's. */
  RECORD_COUNT_VALIDATION,
  /** The size on disk is what the worker said and plausible against the live generation's. */
  SIZE_COMPARISON
}
