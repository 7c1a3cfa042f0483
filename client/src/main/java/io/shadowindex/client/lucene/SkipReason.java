package io.shadowindex.client.lucene;

/** Why a file is not in the index. */
public enum SkipReason {
  /** There is a NUL byte within the first 8 KiB. */
  NOT_TEXT("not text"),
  /** More than 16 MiB. */
  TOO_LARGE("larger than 16 MiB"),
  /** The file system or the zip would not give it out. */
  UNREADABLE("unreadable");

  private final String words;

  SkipReason(String words) {
    this.words = words;
  }

  /** The reason as people read it after a number of files. */
  public String words() {
    return words;
  }
}
