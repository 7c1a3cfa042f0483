package io.shadowindex.client.cli;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** Numbers as people read them, the same in every country. */
final class Words {
  private Words() {}

  /** Formats as {@link String#format} does. */
  @FormatMethod
  static String text(@FormatString String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  /** A time to the second, in UTC: {@code 2026-11-25T10:20:30Z}. */
  static String second(Timestamp time) {
    return Timestamps.toString(time.toBuilder().setNanos(0).build());
  }

  /** The time of day to the second, in UTC: {@code 10:20:30Z}. */
  static String timeOfDay(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS).toString().replaceFirst(".*T", "");
  }

  /** The name of a constant as words: {@code ready for switch}. */
  static String lower(String constant) {
    return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Minutes and seconds, with hours when there are some: {@code 0:42}, {@code 1:02:03}. */
  static String clock(Duration duration) {
    return duration.toHours() == 0
        ? text("%d:%02d", duration.toMinutes(), duration.toSecondsPart())
        : text(
            "%d:%02d:%02d", duration.toHours(), duration.toMinutesPart(), duration.toSecondsPart());
  }

  /** Microseconds as milliseconds: {@code 2.35 ms}. */
  static String millis(long micros) {
    return text("%.2f ms", micros / 1000.0);
  }

  /** Bytes as MiB: {@code 85.3 MiB}. */
  static String mebibytes(long bytes) {
    return text("%.1f MiB", bytes / (double) (1 << 20));
  }
}
