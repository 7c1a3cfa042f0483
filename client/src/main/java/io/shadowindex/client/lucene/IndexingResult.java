package io.shadowindex.client.lucene;

import java.util.Map;

/**
 * What an indexer has made.
 *
 * @param documents documents in the index
 * @param skipped how many files are not in it, by reason; reasons that never applied are absent
 * @param bytes size of the index on disk
 */
public record IndexingResult(long documents, Map<SkipReason, Long> skipped, long bytes) {
  /** Copies the map. */
  public IndexingResult {
    skipped = Map.copyOf(skipped);
  }
}
