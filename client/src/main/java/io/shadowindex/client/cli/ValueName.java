package io.shadowindex.client.cli;

import com.google.protobuf.ProtocolMessageEnum;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of an enum value of the contract, in any case; not the one that means "none". */
final class ValueName<E extends Enum<E> & ProtocolMessageEnum> implements ITypeConverter<E> {
  private final Class<E> type;

  ValueName(Class<E> type) {
    this.type = type;
  }

  @Override
  public E convert(String text) {
    return values()
        .filter(value -> value.name().equals(text.toUpperCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(() -> new TypeConversionException("'" + text + "' is none of " + names()));
  }

  private String names() {
    return values().map(Enum::name).collect(Collectors.joining(", "));
  }

  private Stream<E> values() {
    return Arrays.stream(type.getEnumConstants())
        .filter(value -> !value.name().equals("UNRECOGNIZED") && value.getNumber() != 0);
  }
}
