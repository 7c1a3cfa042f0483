package io.shadowindex.server.testing;

import io.shadowindex.server.switchover.SwitchStep;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Observers that interfere with a switch just before one of its steps. */
public final class AtStep {

  private AtStep() {}

  /** Stops a switch like a crash, without any of its error handling. */
  public static final class Crash extends Error {
    private static final long serialVersionUID = 1L;
  }

  /** What happens at the step. */
  @FunctionalInterface
  public interface Interference {
    void run() throws IOException;
  }

  public static SwitchStep.Observer run(SwitchStep step, Interference interference) {
    return reached -> {
      if (reached == step) {
        try {
          interference.run();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  public static SwitchStep.Observer crash(SwitchStep step) {
    return run(
        step,
        () -> {
          throw new Crash();
        });
  }

  public static SwitchStep.Observer both(SwitchStep.Observer first, SwitchStep.Observer second) {
    return reached -> {
      first.before(reached);
      second.before(reached);
    };
  }

  /** Deletes a file of a generation after the flip, so that the switch to it is rolled back. */
  public static SwitchStep.Observer damage(Path generation) {
    return run(SwitchStep.VERIFY, () -> Files.delete(generation.resolve("segment")));
  }
}
