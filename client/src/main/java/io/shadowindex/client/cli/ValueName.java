package io.shadowindex.client.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads the name of an enum value, in any case and with dashes or underscores; not the values of
 * the contract that mean "none" or "unknown".
 */
final class ValueName<E extends Enum<E>> implements ITypeConverter<E> {
  private final Class<E> type;

  ValueName(Class<E> type) {
    this.type = type;
  }

  @Override
  public E convert(String text) {
    String name = text.toUpperCase(Locale.ROOT).replace('-', '_');
    return Arrays.stream(type.getEnumConstants())
        .filter(value -> value.name().equals(name) && names(type).contains(name))
        .findFirst()
        .orElseThrow(() -> new TypeConversionException(Suggestion.noneOf(text, names(type))));
  }

  /** The names that are read as values of an enum. */
  static List<String> names(Class<?> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(value -> ((Enum<?>) value).name())
        .filter(name -> !name.equals("UNRECOGNIZED") && !name.endsWith("_UNSPECIFIED"))
        .toList();
  }
}
