package io.shadowindex.server.build;

import org.jspecify.annotations.Nullable;

/**
 * What CompleteBuild brought, and what the server measured when it sealed the files.
 *
 * @param recordCount as the worker says; when it says 0, as the index itself tells where its format
 *     is known
 * @param reportedSizeBytes as the worker says; null when it did not
 * @param measuredSizeBytes what the server found on disk
 * @param expectedRecordCount what the worker should have found; null when not said
 * @param summary null when the worker sent none
 * @param sourceWatermark may be empty
 */
public record Completion(
    long recordCount,
    @Nullable Long reportedSizeBytes,
    long measuredSizeBytes,
    @Nullable Long expectedRecordCount,
    @Nullable Summary summary,
    String sourceWatermark) {

  /**
   * What the worker says of the build.
   *
   * @param attributes a JSON object; empty when there are none
   */
  public record Summary(long buildDurationSeconds, double performanceIndex, String attributes) {}

  Completion withRecordCount(long count) {
    return new Completion(
        count, reportedSizeBytes, measuredSizeBytes, expectedRecordCount, summary, sourceWatermark);
  }

  /** The size as the worker gave it, else as measured. */
  public long indexSizeBytes() {
    return reportedSizeBytes == null ? measuredSizeBytes : reportedSizeBytes;
  }
}
