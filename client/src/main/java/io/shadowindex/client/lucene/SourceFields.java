package io.shadowindex.client.lucene;

/** Names of the fields in the index of a source tree. */
final class SourceFields {
  /** The file's name relative to the input; one term, stored. */
  static final String PATH = "path";

  /** The file's text; analyzed, not stored. */
  static final String CONTENT = "content";

  private SourceFields() {}
}
