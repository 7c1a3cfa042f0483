package io.shadowindex.server.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Message;
import io.shadowindex.server.refusal.Refusal;
import java.util.Base64;
import java.util.zip.CRC32;

/**
 * Where the next page begins, together with a checksum of the filters it belongs to: a token used
 * with other filters is refused instead of answering something odd.
 */
final class PageToken {

  private PageToken() {}

  /** A token for the position, valid for requests with the same filters. */
  static String encode(Message filters, String position) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString((checksum(filters) + " " + position).getBytes(UTF_8));
  }

  /** The position of a token. */
  static String decode(Message filters, String token) {
    try {
      String text = new String(Base64.getUrlDecoder().decode(token), UTF_8);
      String prefix = checksum(filters) + " ";
      if (text.startsWith(prefix)) {
        return text.substring(prefix.length());
      }
    } catch (IllegalArgumentException e) {
      throw new Refusal.InvalidPageToken().exception();
    }
    throw new Refusal.InvalidPageToken().exception();
  }

  /**
   * The position of a token where that is a number.
   *
   * @param first the position without a token
   */
  static long number(Message filters, String token, long first) {
    if (token.isEmpty()) {
      return first;
    }
    try {
      return Long.parseLong(decode(filters, token));
    } catch (NumberFormatException e) {
      throw new Refusal.InvalidPageToken().exception();
    }
  }

  private static long checksum(Message filters) {
    var crc = new CRC32();
    crc.update(filters.toByteArray());
    return crc.getValue();
  }
}
