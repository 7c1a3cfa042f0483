package io.shadowindex.server.build;

import io.shadowindex.server.build.Lifecycle.Trigger;
import java.time.Duration;

/** A change of one build's state, outside of switches, with what it stores besides the state. */
public sealed interface BuildChange {

  /** The row of the lifecycle table it belongs to. */
  Trigger trigger();

  /** What is written to the log for people; may be empty. */
  String message();

  /** The directory of the current attempt exists. */
  record Prepared() implements BuildChange {
    @Override
    public Trigger trigger() {
      return Trigger.DIRECTORY_CREATED;
    }

    @Override
    public String message() {
      return "";
    }
  }

  /** The worker is done and the files are sealed. */
  record Completed(Completion completion) implements BuildChange {
    @Override
    public Trigger trigger() {
      return Trigger.COMPLETE;
    }

    @Override
    public String message() {
      return "%d records, %d bytes"
          .formatted(completion.recordCount(), completion.measuredSizeBytes());
    }
  }

  /** The build failed; its files are kept for a while. */
  record Failed(String message, Duration keepFiles) implements BuildChange {
    @Override
    public Trigger trigger() {
      return Trigger.FAIL;
    }
  }

  /** The build was given up; its files may go. */
  record Cancelled(String message) implements BuildChange {
    @Override
    public Trigger trigger() {
      return Trigger.CANCEL;
    }
  }

  /** The next attempt begins, with a new fencing token and an empty directory. */
  record Retried() implements BuildChange {
    @Override
    public Trigger trigger() {
      return Trigger.RETRY;
    }

    @Override
    public String message() {
      return "";
    }
  }
}
