package io.shadowindex.server.build;

import java.util.List;

/** Something that happens to a BUILDING build without changing its state. */
public sealed interface BuildMark {

  /** What is done to the build, for messages: "cannot pause build …". */
  String verb();

  /** Its workers are to pause. */
  record Paused(String reason) implements BuildMark {
    @Override
    public String verb() {
      return "pause";
    }
  }

  /** Its workers are to go on. */
  record Resumed() implements BuildMark {
    @Override
    public String verb() {
      return "resume";
    }
  }

  /**
   * Somebody takes it over, with a new fencing token.
   *
   * @param claimant who, for the log; may be empty
   * @param force whether also from workers that report
   */
  record Claimed(String claimant, boolean force) implements BuildMark {
    @Override
    public String verb() {
      return "claim";
    }
  }

  /**
   * Workers have been silent for too long.
   *
   * @param workers all of them that have an id
   */
  record Stalled(List<String> workers, String message) implements BuildMark {
    public Stalled {
      workers = List.copyOf(workers);
    }

    @Override
    public String verb() {
      return "mark as stalled";
    }
  }

  /** All workers report again. */
  record Recovered() implements BuildMark {
    @Override
    public String verb() {
      return "mark as recovered";
    }
  }
}
