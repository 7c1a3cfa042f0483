package io.shadowindex.server.grpc;

import io.shadowindex.server.build.ShadowIndex;
import org.jspecify.annotations.Nullable;

/** The etag of a build: its revision, in a form that nobody takes for a number (AIP-154). */
final class Etag {

  private static final char PREFIX = 'r';

  private Etag() {}

  static String of(ShadowIndex build) {
    return PREFIX + Long.toHexString(build.revision());
  }

  /**
   * The revision behind an etag; null when none is given. One that was never issued matches
   * nothing.
   */
  static @Nullable Long revision(String etag) {
    if (etag.isEmpty()) {
      return null;
    }
    try {
      return etag.charAt(0) == PREFIX ? Long.parseLong(etag, 1, etag.length(), 16) : -1L;
    } catch (NumberFormatException e) {
      return -1L;
    }
  }
}
