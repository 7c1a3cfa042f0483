package io.shadowindex.server.backup;

import java.io.IOException;

/** The port to copies of the whole state, made while the server goes on. */
@FunctionalInterface
public interface StateBackups {

  /** Makes a backup with everything that was durable before the call. Needs its size on disk. */
  Backup make() throws IOException;

  /**
   * A backup, to be read once by one thread. Closing it gives back the disk that it takes; a crash
   * leaves that to the next start.
   */
  interface Backup extends AutoCloseable {

    /** Of the whole backup, in bytes. */
    long sizeBytes();

    /** The next bytes; none at the end. */
    byte[] read(int atMost) throws IOException;

    @Override
    void close() throws IOException;
  }
}
