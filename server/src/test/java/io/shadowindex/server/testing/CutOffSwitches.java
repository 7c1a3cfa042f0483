package io.shadowindex.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.StatusRuntimeException;
import io.shadowindex.server.ShadowIndexServer.Environment;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.switchover.SwitchStep;
import io.shadowindex.v1.ShadowIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The directory of a server that crashed in a switch at every step there is, each of another index,
 * and what recovery has to make of them.
 */
public final class CutOffSwitches {

  /** Those that every switch takes, or takes when it is rolled back. */
  private static final Set<SwitchStep> STEPS =
      EnumSet.complementOf(EnumSet.of(SwitchStep.PROBE, SwitchStep.CONFIRM));

  private final List<CutOff> all = new ArrayList<>();

  /**
   * One switch and what the crash left of it.
   *
   * @param flipped whether the link led to the new generation
   * @param damaged whether the new generation was broken after the flip
   */
  private record CutOff(ShadowIndex old, ShadowIndex next, boolean flipped, boolean damaged) {

    BuildState expected() {
      return damaged ? BuildState.FAILED : flipped ? BuildState.ACTIVE : BuildState.BUILT;
    }

    ShadowIndex expectedLive() {
      return expected() == BuildState.ACTIVE ? next : old;
    }
  }

  /** Runs a server on that directory and crashes it in all these switches. */
  public static CutOffSwitches in(Path directory) throws IOException {
    var cutOff = new CutOffSwitches();
    var observer = new AtomicReference<>(SwitchStep.Observer.NONE);
    try (TestServer server =
        TestServer.start(
            directory,
            new Environment(
                InstantSource.system(),
                FileOperations.real(),
                step -> observer.get().before(step)))) {
      for (SwitchStep step : STEPS) {
        ShadowIndex old = server.built(step.name());
        assertThat(server.switchTo(old).getSuccess()).isTrue();
        ShadowIndex next = server.built(step.name());
        observer.set(AtStep.crash(step));
        boolean damaged = !crashes(server, next);
        if (damaged) { // only taken on the way back
          observer.set(SwitchStep.Observer.NONE);
          old = next;
          next = server.built(step.name());
          observer.set(
              AtStep.both(AtStep.damage(Path.of(next.getShadowIndexPath())), AtStep.crash(step)));
          assertThat(crashes(server, next)).as("%s is taken", step).isTrue();
        }
        observer.set(SwitchStep.Observer.NONE);
        cutOff.all.add(new CutOff(old, next, leadsTo(next), damaged));
      }
    }
    return cutOff;
  }

  private static boolean crashes(TestServer server, ShadowIndex next) {
    try {
      var _ = server.switchTo(next);
      return false;
    } catch (StatusRuntimeException crashed) {
      return true;
    }
  }

  private static boolean leadsTo(ShadowIndex next) throws IOException {
    return Path.of(next.getCurrentIndexPath())
        .toRealPath()
        .equals(Path.of(next.getShadowIndexPath()).toRealPath());
  }

  /** Fails unless this server, on the directory or a copy, has made of them what it has to. */
  public void assertRecovered(TestServer server, Path directory) throws IOException {
    assertThat(server.server().switchStore().open()).isEmpty();
    for (CutOff each : all) {
      assertThat(
              server
                  .server()
                  .buildStore()
                  .find(UUID.fromString(each.next().getShadowIndexId()))
                  .orElseThrow()
                  .state())
          .as("the switch cut off at %s", each.next().getBranchName())
          .isEqualTo(each.expected());
      Path link =
          directory.resolve(
              "index/live/%s/SEARCH_INDEX/default".formatted(each.next().getBranchName()));
      assertThat(link.toRealPath().getFileName())
          .asString()
          .isEqualTo(each.expectedLive().getShadowIndexId());
      assertThat(link.resolve("segment")).isReadable();
      assertThat(server.lockedResourceTypes(each.next().getBranchName())).isEmpty();
    }
  }

  /** Copies a directory with the links in it. */
  public static void copy(Path from, Path to) throws IOException {
    try (var paths = Files.walk(from)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        Files.copy(
            path,
            to.resolve(from.relativize(path)),
            LinkOption.NOFOLLOW_LINKS,
            StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }
}
