package io.shadowindex.client.lucene;

/**
 * How far an indexer is.
 *
 * @param filesDone files indexed or skipped
 * @param filesTotal files there are; at least 1
 * @param documents files indexed
 */
public record IndexingProgress(int filesDone, int filesTotal, long documents) {

  /** Files done of all files, 0 to 100, rounded down. */
  public int percent() {
    return (int) (filesDone * 100L / filesTotal);
  }
}
