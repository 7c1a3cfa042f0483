package io.shadowindex.server.index;

/** The kind of an index. The names are stored and are part of paths. */
public enum IndexType {
  SEARCH_INDEX,
  GRAPH_INDEX,
  SCHEMA_INDEX,
  VALIDATION_INDEX
}
