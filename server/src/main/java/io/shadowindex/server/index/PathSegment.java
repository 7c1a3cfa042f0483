package io.shadowindex.server.index;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A name from a request as one segment of a path.
 *
 * <p>The result is never empty, {@code .} or {@code ..}, never begins with a dot, holds only {@code
 * A-Z a-z 0-9 _ - . % ~}, and is at most 200 bytes long. Different names give different segments:
 * {@code %} and {@code ~} stand only where this class put them, a name that would grow too long is
 * cut and told apart by 128 bits of its SHA-256.
 */
final class PathSegment {

  private static final int MAX_LENGTH = 200;
  private static final int DIGEST_BYTES = 16;

  private PathSegment() {}

  static String of(String name) {
    byte[] bytes = name.getBytes(UTF_8);
    var segment = new StringBuilder(bytes.length);
    for (byte b : bytes) {
      char c = (char) (b & 0xff);
      boolean leadingDot = c == '.' && segment.isEmpty();
      if (isPlain(c) && !leadingDot) {
        segment.append(c);
      } else {
        segment.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
      }
    }
    if (segment.isEmpty()) {
      throw new IllegalArgumentException("a name cannot be empty");
    }
    if (segment.length() <= MAX_LENGTH) {
      return segment.toString();
    }
    String digest = HexFormat.of().formatHex(sha256(bytes), 0, DIGEST_BYTES);
    return segment.substring(0, MAX_LENGTH - 1 - digest.length()) + "~" + digest;
  }

  /** The name that has this segment; the segment itself when it was cut, or is none. */
  static String name(String segment) {
    var bytes = new ByteArrayOutputStream(segment.length());
    for (int i = 0; i < segment.length(); i++) {
      char c = segment.charAt(i);
      if (c == '%' && isHex(segment, i + 1) && isHex(segment, i + 2)) {
        bytes.write(HexFormat.fromHexDigits(segment, i + 1, i + 3));
        i += 2;
      } else {
        bytes.write(c);
      }
    }
    String name = bytes.toString(UTF_8);
    return !name.isEmpty() && of(name).equals(segment) ? name : segment;
  }

  private static boolean isHex(String segment, int index) {
    return index < segment.length() && HexFormat.isHexDigit(segment.charAt(index));
  }

  private static boolean isPlain(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '_'
        || c == '-'
        || c == '.';
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
