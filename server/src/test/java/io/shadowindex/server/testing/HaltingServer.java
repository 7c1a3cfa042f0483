package io.shadowindex.server.testing;

import io.shadowindex.server.ShadowIndexServer;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A server in a process of its own that ends like a power cut just before a step of a switch:
 * nothing is closed, flushed or answered. It does so only once it is armed, so that what comes
 * first can be prepared with the same process.
 */
public final class HaltingServer {

  /** The exit code of a process that ended as it was told to. */
  public static final int HALTED = 70;

  private HaltingServer() {}

  /**
   * What makes the process end.
   *
   * @param damage the name of a file to cut when a switch reaches VERIFY; empty for none
   * @param steps how many steps are taken before it ends
   * @param step the step before which it ends; empty for whichever comes when {@code steps} are
   *     taken
   */
  public record Plan(String damage, int steps, String step) {

    /** Never ends by itself. */
    public static final Plan NONE = new Plan("", Integer.MAX_VALUE, "");

    /** Ends before that step. */
    public static Plan before(SwitchStep step) {
      return new Plan("", Integer.MAX_VALUE, step.name());
    }

    /** Ends after so many steps, whichever they are. */
    public static Plan after(int steps) {
      return new Plan("", steps, "");
    }

    /** The same, and cuts a file to nothing when a switch reaches its verification. */
    public Plan damaging(Path file) {
      return new Plan(file.toString(), steps, step);
    }

    List<String> arguments() {
      return List.of(damage, Integer.toString(steps), step);
    }
  }

  /** Takes the data directory and the plan. */
  public static void main(String[] arguments) throws IOException {
    var directory = Path.of(arguments[0]);
    var plan = new Plan(arguments[1], Integer.parseInt(arguments[2]), arguments[3]);
    var taken = new AtomicInteger();
    SwitchStep.Observer observer =
        step -> {
          if (!Files.exists(armed(directory))) {
            return;
          }
          if (step == SwitchStep.VERIFY && !plan.damage().isEmpty()) {
            cut(Path.of(plan.damage()));
          }
          if (step.name().equals(plan.step()) || taken.getAndIncrement() == plan.steps()) {
            Runtime.getRuntime().halt(HALTED);
          }
        };
    // Not closed: this process ends by halting or by being killed.
    ShadowIndexServer server =
        ShadowIndexServer.start(
            TestServer.config(directory),
            new Environment(InstantSource.system(), FileOperations.real(), observer),
            failure -> Runtime.getRuntime().halt(1));
    System.out.println("listening on 127.0.0.1:" + server.port());
  }

  /** From now on the servers on that directory end as planned. */
  public static void arm(Path directory) throws IOException {
    Files.createFile(armed(directory));
  }

  /** From now on they do not any more. */
  public static void disarm(Path directory) throws IOException {
    Files.delete(armed(directory));
  }

  private static Path armed(Path directory) {
    return directory.resolveSibling(directory.getFileName() + ".armed");
  }

  private static void cut(Path file) {
    try {
      Files.delete(file);
      Files.createFile(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The process, not started yet. */
  static ProcessBuilder process(Path directory, Plan plan) {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                HaltingServer.class.getName(),
                directory.toString()));
    command.addAll(plan.arguments());
    return new ProcessBuilder(command);
  }
}
