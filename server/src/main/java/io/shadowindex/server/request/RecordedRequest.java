package io.shadowindex.server.request;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A request that has had an effect.
 *
 * @param buildId the build or generation of its first effect; null when it was about none
 * @param lockId the lock of its first effect; null when it was about none
 * @param revision of that build right after the effect; null without one
 * @param fencingToken of that build right after the effect; null without one
 * @param answer what was answered, as bytes; null when the server died or failed before it could,
 *     and when it was too large to keep
 */
public record RecordedRequest(
    RequestKey key,
    @Nullable UUID buildId,
    @Nullable UUID lockId,
    @Nullable Long revision,
    @Nullable Long fencingToken,
    @Nullable ByteBuffer answer,
    Instant recordedAt) {}
