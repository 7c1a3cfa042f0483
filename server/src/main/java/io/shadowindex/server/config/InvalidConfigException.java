package io.shadowindex.server.config;

import java.util.List;

/** Everything that is wrong with a configuration, one sentence each. */
public final class InvalidConfigException extends Exception {

  private static final long serialVersionUID = 1L;
  private final transient List<String> errors;

  InvalidConfigException(List<String> errors) {
    super(String.join("; ", errors));
    this.errors = List.copyOf(errors);
  }

  public List<String> errors() {
    return errors;
  }
}
