package io.shadowindex.server.build;

import java.util.EnumSet;
import java.util.Set;

/** A check that a switch can make before it takes the lock. */
public enum ValidationCheck {
  /** The record count is plausible in itself and against the live generation's. */
  RECORD_COUNT_VALIDATION,
  /** The size on disk is what the worker said and plausible against the live generation's. */
  SIZE_COMPARISON,
  /** Every file has the content it was completed with, and the format finds nothing wrong. */
  INTEGRITY_CHECK;

  /** Those that take no longer for a large index than for a small one. */
  public static final Set<ValidationCheck> CHEAP =
      Set.copyOf(EnumSet.of(RECORD_COUNT_VALIDATION, SIZE_COMPARISON));
}
