package io.shadowindex.server.index;

/** The identity of an index: what readers read, whatever its generation. */
public record IndexKey(String branchName, IndexType indexType, String indexName) {

  /** The name of an index whose starter gave none. */
  public static final String DEFAULT_NAME = "default";
}
