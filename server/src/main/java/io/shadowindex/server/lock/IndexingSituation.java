package io.shadowindex.server.lock;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What those who are kept out want to know about the indexing that goes on. */
public interface IndexingSituation {

  /** The resource types that a branch is known to have, and the build that covers some of them. */
  Known of(LockName name);

  /**
   * What is known.
   *
   * @param resourceTypes from builds of the branch, the newest ones
   * @param build the newest unfinished build that covers the name; null when there is none
   */
  record Known(List<String> resourceTypes, @Nullable Build build) {
    public Known {
      resourceTypes = List.copyOf(resourceTypes);
    }
  }

  /** A build on its way; the time to go is null when nobody can tell. */
  record Build(UUID id, int progressPercent, @Nullable Duration timeToGo) {}

  /** How long a switch is expected to keep writers out, learned from the last ones. */
  Duration expectedSwitch();
}
