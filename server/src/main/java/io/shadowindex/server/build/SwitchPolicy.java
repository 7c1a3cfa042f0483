package io.shadowindex.server.build;

import io.shadowindex.server.index.SwitchStrategy;
import org.jspecify.annotations.Nullable;

/**
 * How a build is to become live.
 *
 * @param strategy where the generation lies then
 * @param automatic the switch to make when the build is complete; null to wait for a call
 */
public record SwitchPolicy(SwitchStrategy strategy, @Nullable AutoSwitch automatic) {

  /** Renames, and waits for a call. */
  public static final SwitchPolicy DEFAULT = new SwitchPolicy(SwitchStrategy.ATOMIC_RENAME, null);
}
