package io.shadowindex.server.grpc;

import io.shadowindex.server.index.IndexKey;
import io.shadowindex.server.index.IndexType;
import io.shadowindex.server.refusal.Refusal;

/** The identity of an index as a position in a list; names hold no control characters. */
final class IndexKeyToken {

  private static final String SEPARATOR = "\u0000";

  private IndexKeyToken() {}

  static String encode(IndexKey key) {
    return String.join(SEPARATOR, key.branchName(), key.indexType().name(), key.indexName());
  }

  static IndexKey decode(String position) {
    String[] parts = position.split(SEPARATOR, -1);
    try {
      if (parts.length == 3) {
        return new IndexKey(parts[0], IndexType.valueOf(parts[1]), parts[2]);
      }
    } catch (IllegalArgumentException e) {
      throw new Refusal.InvalidPageToken().exception();
    }
    throw new Refusal.InvalidPageToken().exception();
  }
}
