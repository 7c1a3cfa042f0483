package io.shadowindex.server.lock;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether a write may be made now. */
public sealed interface WriteDecision {

  /** It may. */
  record Allowed() implements WriteDecision {}

  /**
   * It may not.
   *
   * @param lock what is in the way; of several the one that is expected to last longest
   * @param age how long it has been held
   * @param reason one sentence that names holder, scope and age
   * @param indexingProgress of the build that covers it, in percent; null without one
   * @param timeToGo how long it is expected to last: at most until it expires
   * @param otherResourceTypes known types of the branch that can be written to now
   * @param alternatives what a developer can do instead, one sentence each
   */
  record Denied(
      Lease lock,
      Duration age,
      String reason,
      @Nullable Integer indexingProgress,
      Duration timeToGo,
      List<String> otherResourceTypes,
      List<String> alternatives)
      implements WriteDecision {
    public Denied {
      otherResourceTypes = List.copyOf(otherResourceTypes);
      alternatives = List.copyOf(alternatives);
    }
  }
}
