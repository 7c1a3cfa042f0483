package io.shadowindex.server.grpc;

import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The beginning of a list, cut where the page is full or would grow past what clients accept: gRPC
 * clients refuse messages over 4 MiB unless told otherwise. Pages may be shorter than asked for
 * (AIP-158).
 *
 * @param messages what is on the page
 * @param things what could have been
 */
record Page<T, M extends Message>(List<M> messages, List<T> things) {

  private static final int MAX_BYTES = 2 << 20;

  /** The first of {@code things}, {@code size} at most and one at least unless there are none. */
  static <T, M extends Message> Page<T, M> of(List<T> things, int size, Function<T, M> message) {
    return of(things, size, message, 0);
  }

  /** The first of other things that are in the same answer, in the room that this page leaves. */
  <U, N extends Message> Page<U, N> beside(List<U> others, int size, Function<U, N> message) {
    return of(others, size, message, messages.stream().mapToInt(Message::getSerializedSize).sum());
  }

  private static <T, M extends Message> Page<T, M> of(
      List<T> things, int size, Function<T, M> message, int taken) {
    var messages = new ArrayList<M>();
    int bytes = taken;
    for (T thing : things.subList(0, Math.min(size, things.size()))) {
      M next = message.apply(thing);
      bytes += next.getSerializedSize();
      if (bytes > MAX_BYTES && !messages.isEmpty()) {
        break;
      }
      messages.add(next);
    }
    return new Page<>(List.copyOf(messages), things);
  }

  /** Whether the list goes on after the page. */
  boolean isFollowed() {
    return messages.size() < things.size();
  }

  /** The last thing on the page, which must not be empty. */
  T last() {
    return things.get(messages.size() - 1);
  }
}
