package io.shadowindex.server.switchover;

import io.shadowindex.server.index.IndexKey;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What RollbackIndex asks for.
 *
 * @param generationId the generation to go back to; null for the one before the live one
 * @param timeout how long to wait for the lock
 */
public record RollbackRequest(IndexKey key, @Nullable UUID generationId, Duration timeout) {}
