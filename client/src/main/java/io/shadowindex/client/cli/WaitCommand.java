package io.shadowindex.client.cli;

import static io.shadowindex.v1.ShadowIndex.State.ACTIVE;
import static io.shadowindex.v1.ShadowIndex.State.BUILDING;
import static io.shadowindex.v1.ShadowIndex.State.BUILT;
import static io.shadowindex.v1.ShadowIndex.State.CANCELLED;
import static io.shadowindex.v1.ShadowIndex.State.CLEANUP;
import static io.shadowindex.v1.ShadowIndex.State.FAILED;
import static io.shadowindex.v1.ShadowIndex.State.SWITCHING;

import io.shadowindex.client.BuildWatch;
import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.client.ShadowIndexException;
import io.shadowindex.v1.ShadowIndex.State;
import io.shadowindex.v1.WatchBuildRequest;
import io.shadowindex.v1.WatchBuildResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code shadowctl wait}. */
@Command(
    name = "wait",
    description = {
      "Wait until a build is in a state.",
      "Exits with 0 as soon as it has been in one of the states; with 1 at once when it cannot come"
          + " there any more unless somebody retries it or rolls back to it; with 5 when the time is"
          + " over."
    },
    footer = {
      "shadowctl wait 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --for state=ACTIVE --timeout 10m",
      "shadowctl wait 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --for state=BUILT,ACTIVE --quiet"
    })
final class WaitCommand extends ClientCommand.OfBuild {
  private static final String STATE = "state=";

  @Option(
      names = "--for",
      required = true,
      paramLabel = "state=STATE",
      description = "What to wait for; several states with commas. Required.")
  private String wanted = "";

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      defaultValue = "10m",
      description = "For how long, such as 90s or 1h30m; default ${DEFAULT-VALUE}.")
  private Duration timeout = Duration.ZERO;

  WaitCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    Set<State> states = states();
    AtomicBoolean over = new AtomicBoolean();
    WatchBuildRequest request =
        WatchBuildRequest.newBuilder().setShadowIndexId(id()).setFollow(true).build();
    try (BuildWatch watch = client.watchBuild(request, timeout)) {
      Runnable stop = watch::close;
      ScheduledFuture<?> end =
          ForkJoinPool.commonPool()
              .schedule(
                  () -> {
                    over.set(true);
                    stop.run();
                  },
                  timeout.toMillis(),
                  TimeUnit.MILLISECONDS);
      try {
        return await(watch, states);
      } catch (ShadowIndexException e) {
        if (over.get()) {
          throw new CommandFailure(
              Exit.TIMED_OUT, "Build " + id() + " was not " + words(states) + " within " + time());
        }
        throw e;
      } finally {
        end.cancel(false);
      }
    }
  }

  private Exit await(BuildWatch watch, Set<State> states) {
    State state = State.STATE_UNSPECIFIED;
    while (watch.hasNext()) {
      WatchBuildResponse message = watch.next();
      String said = "";
      if (message.hasSnapshot()) {
        state = message.getSnapshot().getState();
        said = message.getSnapshot().getErrorMessage();
      } else if (message.hasStateChange()) {
        state = message.getStateChange().getState();
        said = message.getStateChange().getMessage();
      } else {
        continue;
      }
      ctl.showOne(message);
      ctl.print("%s%s", state, said.isEmpty() ? "" : ": " + said);
      if (states.contains(state)) {
        return Exit.OK;
      }
      if (states.stream().noneMatch(after(state)::contains)) {
        break;
      }
    }
    throw new CommandFailure(
        Exit.REFUSED,
        "Build "
            + id()
            + " is "
            + state
            + ", and no longer becomes "
            + words(states)
            + " by itself.");
  }

  /** The states that a build can come to when nobody retries it or rolls back to it. */
  static Set<State> after(State state) {
    return switch (state) {
      case PREPARING -> EnumSet.of(BUILDING, BUILT, SWITCHING, ACTIVE, CLEANUP, FAILED, CANCELLED);
      case BUILDING -> EnumSet.of(BUILT, SWITCHING, ACTIVE, CLEANUP, FAILED, CANCELLED);
      case BUILT, SWITCHING -> EnumSet.of(BUILT, SWITCHING, ACTIVE, CLEANUP, FAILED, CANCELLED);
      case ACTIVE -> EnumSet.of(CLEANUP);
      case FAILED -> EnumSet.of(CANCELLED);
      case CLEANUP, CANCELLED -> EnumSet.noneOf(State.class);
      case STATE_UNSPECIFIED, UNRECOGNIZED -> EnumSet.allOf(State.class); // newer than this client
    };
  }

  private Set<State> states() {
    if (!wanted.startsWith(STATE)) {
      throw wrong("'" + wanted + "' is not state=STATE, such as state=ACTIVE");
    }
    try {
      return Arrays.stream(wanted.substring(STATE.length()).split(","))
          .map(new ValueName<>(State.class)::convert)
          .collect(Collectors.toCollection(() -> EnumSet.noneOf(State.class)));
    } catch (TypeConversionException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private CommandFailure wrong(String what) {
    return new CommandFailure(Exit.USAGE, "--for: " + what + ".");
  }

  private static String words(Set<State> states) {
    return states.stream().map(State::name).collect(Collectors.joining(" or "));
  }

  private String time() {
    return timeout.toString().substring("PT".length()).toLowerCase(Locale.ROOT) + ".";
  }
}
