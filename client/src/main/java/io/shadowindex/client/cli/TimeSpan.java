package io.shadowindex.client.cli;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a time span: {@code 200ms}, {@code 90s}, {@code 10m}, {@code 1h30m}, or seconds. */
final class TimeSpan implements ITypeConverter<Duration> {
  @Override
  public Duration convert(String text) {
    try {
      Duration span = span(text.toLowerCase(Locale.ROOT));
      if (!span.isNegative()) {
        return span;
      }
    } catch (DateTimeParseException | NumberFormatException | ArithmeticException e) {
      // told below
    }
    throw new TypeConversionException("'" + text + "' is not a time such as 90s, 10m or 1h30m");
  }

  private static Duration span(String text) {
    if (text.endsWith("ms")) {
      return Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)));
    }
    return text.chars().allMatch(Character::isDigit)
        ? Duration.ofSeconds(Long.parseLong(text))
        : Duration.parse("PT" + text);
  }
}
