package io.shadowindex.server.index;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The SHA-256 of a file, read once from its beginning to its end in pieces of 256 KiB at most. */
final class FileHash {

  private static final int BUFFER_BYTES = 1 << 18;

  private FileHash() {}

  /** 64 lower-case hexadecimal digits. Does not follow a link in the file's place. */
  static String sha256(Path file) throws IOException {
    try (var channel = open(file)) {
      return sha256(channel);
    }
  }

  /** Opens a file to be read. Does not follow a link in its place. */
  static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  /** The same of a file that is open and has not been read from. */
  static String sha256(FileChannel file) throws IOException {
    MessageDigest digest = sha256();
    // One more than a small file holds, so that the second read finds its end.
    int bytes = Math.clamp(file.size() + 1, 1, BUFFER_BYTES);
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (file.read(buffer) >= 0) {
      digest.update(buffer.flip());
      buffer.clear();
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
