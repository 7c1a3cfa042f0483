package io.shadowindex.server.build;

import org.jspecify.annotations.Nullable;

/**
 * What a caller believes of a build; checked in the same transaction as the change.
 *
 * @param fencingToken the token the caller works under; null is not checked
 * @param revision the revision the caller last saw; null is not checked
 */
public record Precondition(@Nullable Long fencingToken, @Nullable Long revision) {

  /** Nothing is checked. */
  public static final Precondition NONE = new Precondition(null, null);
}
