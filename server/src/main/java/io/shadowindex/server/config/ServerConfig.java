package io.shadowindex.server.config;

import java.util.HashMap;
import java.util.Map;

/** The configuration of a server: a value for each of the {@link Settings}. Immutable. */
public final class ServerConfig {

  private static final ServerConfig DEFAULTS = new ServerConfig(Map.of());

  /** Only what differs from the defaults; of the type of its setting. */
  private final Map<Setting<?>, Object> values;

  private ServerConfig(Map<Setting<?>, Object> values) {
    this.values = values;
  }

  public static ServerConfig defaults() {
    return DEFAULTS;
  }

  @SuppressWarnings("unchecked") // with() puts nothing else there
  public <T> T get(Setting<T> setting) {
    Object value = values.get(setting);
    return value == null ? setting.defaultValue(this) : (T) value;
  }

  /** The same with another value, which is not checked. */
  public <T> ServerConfig with(Setting<T> setting, T value) {
    var changed = new HashMap<>(values);
    changed.put(setting, value);
    return new ServerConfig(changed);
  }
}
