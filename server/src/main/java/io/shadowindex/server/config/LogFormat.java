package io.shadowindex.server.config;

/** What lines of the log look like. */
public enum LogFormat {
  /** For people. */
  TEXT,
  /** One JSON object a line, for machines. */
  JSON
}
