package io.shadowindex.server.switchover;

import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.BuildStore.BuildFilter;
import io.shadowindex.server.build.Estimate;
import io.shadowindex.server.build.ProgressBoard;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.lock.IndexingSituation;
import io.shadowindex.server.lock.LockName;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What can be told of builds on their way and of switches to come, from those before them. */
public final class SwitchForecast implements IndexingSituation {

  private static final int LEARNED_FROM = 100;
  private static final int BUILDS_LOOKED_AT = 200;

  /** What a switch takes before there was one to learn from. */
  private static final Duration FIRST_SWITCH = Duration.ofMillis(5);

  private final BuildStore builds;
  private final ProgressBoard board;
  private final InstantSource clock;

  public SwitchForecast(BuildStore builds, ProgressBoard board, InstantSource clock) {
    this.builds = builds;
    this.board = board;
    this.clock = clock;
  }

  /** What 99 of the last 100 switches kept writers out for at most; zero before the first. */
  Duration lockHeld() {
    List<Duration> held = builds.lockHeldLately(LEARNED_FROM).stream().sorted().toList();
    return held.isEmpty() ? Duration.ZERO : held.get((held.size() * 99 + 99) / 100 - 1);
  }

  @Override
  public Duration expectedSwitch() {
    Duration learned = lockHeld();
    return learned.isZero() ? FIRST_SWITCH : learned;
  }

  @Override
  public Known of(LockName name) {
    List<ShadowIndex> newest =
        builds
            .list(
                new BuildFilter(name.branchName(), null, Set.of()),
                Long.MAX_VALUE,
                BUILDS_LOOKED_AT)
            .builds();
    List<String> resourceTypes =
        newest.stream().flatMap(build -> build.spec().resourceTypes().stream()).distinct().toList();
    return new Known(
        resourceTypes,
        newest.stream()
            .filter(build -> isOnItsWay(build.state()) && covers(build, name))
            .findFirst()
            .map(this::onItsWay)
            .orElse(null));
  }

  private static boolean isOnItsWay(BuildState state) {
    return switch (state) {
      case PREPARING, BUILDING, BUILT, SWITCHING -> true;
      case ACTIVE, CLEANUP, FAILED, CANCELLED -> false;
    };
  }

  private static boolean covers(ShadowIndex build, LockName name) {
    return LockName.resourceTypes(name.branchName(), build.spec().resourceTypes()).overlaps(name);
  }

  private @Nullable Build onItsWay(ShadowIndex stored) {
    ShadowIndex build = board.newest(stored.id()).orElse(stored);
    Estimate left = build.estimatedCompletion(clock.instant());
    return new Build(
        build.id(),
        build.progress().percent(),
        left == null ? null : Duration.ofSeconds(left.likely()));
  }
}
