package io.shadowindex.server.config;

import java.util.Locale;
import java.util.function.Function;

/**
 * One thing that an operator can set: as {@code --keep-log 7d}, {@code SHADOWINDEX_KEEP_LOG=7d}, or
 * {@code keep-log = 7d} in a file. {@link Settings} lists all.
 */
public final class Setting<T> {

  private final String name;
  private final Kind<T> kind;
  private final String defaultText;
  private final Function<ServerConfig, T> defaultValue;
  private final String description;

  Setting(
      String name,
      Kind<T> kind,
      String defaultText,
      Function<ServerConfig, T> defaultValue,
      String description) {
    this.name = name;
    this.kind = kind;
    this.defaultText = defaultText;
    this.defaultValue = defaultValue;
    this.description = description;
  }

  /** Its key in a file. */
  public String name() {
    return name;
  }

  public String flag() {
    return "--" + name;
  }

  public String variable() {
    return "SHADOWINDEX_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  Kind<T> kind() {
    return kind;
  }

  /** The value when it is not set, or in parentheses where that comes from. */
  String defaultText() {
    return defaultText;
  }

  T defaultValue(ServerConfig config) {
    return defaultValue.apply(config);
  }

  /** One or more sentences. */
  String description() {
    return description;
  }

  @Override
  public String toString() {
    return name;
  }
}
