package io.shadowindex.server.build;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far a build is. State, not history: the newest replaces the others.
 *
 * @param percent 0 to 100
 * @param recordCount 0 or more
 * @param estimatedCompletionSeconds the worker's own estimate; null when it gave none
 * @param reportedAt null before the first report of an attempt
 */
public record BuildProgress(
    int percent,
    long recordCount,
    @Nullable Integer estimatedCompletionSeconds,
    @Nullable Instant reportedAt) {

  static final BuildProgress NONE = new BuildProgress(0, 0, null, null);
}
