package io.shadowindex.server.build;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One event of the log.
 *
 * @param revision its number: commit-ordered, gapless, never reused
 * @param previous null for the event that began the build
 * @param message one sentence for people; may be empty
 */
public record StateChange(
    long revision,
    UUID buildId,
    @Nullable BuildState previous,
    BuildState state,
    int attempt,
    String message,
    Instant occurredAt) {}
