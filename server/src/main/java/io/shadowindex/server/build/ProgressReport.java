package io.shadowindex.server.build;

import org.jspecify.annotations.Nullable;

/**
 * What one worker says of its part of a build; null leaves a value as it is.
 *
 * @param workerId empty for the only worker, whose part is the whole build
 * @param percent 0 to 100, of the part
 * @param recordCount 0 or more, of the part
 * @param estimatedCompletionSeconds 0 or more
 * @param fencingToken null is not checked
 * @param weight how large the part is in comparison with others; 0 for the total, or 1
 * @param totalRecordCount how many records the part has in the end, 1 or more
 */
public record ProgressReport(
    String workerId,
    int percent,
    @Nullable Long recordCount,
    @Nullable Integer estimatedCompletionSeconds,
    @Nullable Long fencingToken,
    long weight,
    @Nullable Long totalRecordCount) {}
