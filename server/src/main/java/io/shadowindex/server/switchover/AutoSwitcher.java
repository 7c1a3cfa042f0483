package io.shadowindex.server.switchover;

import io.shadowindex.server.build.AutoSwitch;
import io.shadowindex.server.build.BuildState;
import io.shadowindex.server.build.BuildStore;
import io.shadowindex.server.build.ShadowIndex;
import io.shadowindex.server.build.SwitchResult;
import io.shadowindex.server.refusal.Refusal;
import io.shadowindex.server.refusal.RefusedException;
import io.shadowindex.server.switchover.SwitchStore.Change;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Makes the switches that builds ask for when they are complete.
 *
 * <p>That a switch is due is part of the build's row from the transaction on that completed it, and
 * ends with the switch or with its refusal: it happens once, whatever crashes in between.
 */
public final class AutoSwitcher implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(AutoSwitcher.class);

  private final BuildStore builds;
  private final SwitchExecutor switches;
  private final InstantSource clock;
  private final Duration drain;
  private final Witness witness;

  /** The builds with a switch under way, and how often they have been considered since it began. */
  private final ConcurrentMap<UUID, Integer> underWay = new ConcurrentHashMap<>();

  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("auto-switch-", 0).factory());

  /** Makes a switch one of the changes whose authors are known afterwards. */
  @FunctionalInterface
  public interface Witness {
    /** Does it, and answers or throws the same. */
    SwitchOutcome during(ShadowIndex build, Change<SwitchOutcome> change) throws IOException;
  }

  /**
   * Puts it together.
   *
   * @param drain how long {@link #close} waits for switches under way
   */
  public AutoSwitcher(
      BuildStore builds,
      SwitchExecutor switches,
      InstantSource clock,
      Duration drain,
      Witness witness) {
    this.builds = builds;
    this.switches = switches;
    this.clock = clock;
    this.drain = drain;
    this.witness = witness;
    switches.onNotSwitched(this::reconsider);
  }

  /** Makes the switches that were due when the server stopped. */
  public void start() {
    builds.autoSwitchesDue().forEach(this::consider);
  }

  /** Begins the switch of a build that has just been completed, when it asked for one. */
  public void consider(ShadowIndex build) {
    AutoSwitch policy = build.spec().switching().automatic();
    if (policy != null
        && build.autoSwitchDue()
        && underWay.merge(build.id(), 1, Integer::sum) == 1) {
      try {
        threads.execute(
            () -> {
              MDC.put(ShadowIndex.ID_IN_LOG, build.id().toString()); // ends with the thread
              switchTo(build, policy);
            });
      } catch (RejectedExecutionException e) {
        underWay.remove(build.id()); // closed: it stays due
      }
    }
  }

  /** Takes up what stayed due while somebody else tried to switch to the build, in vain. */
  private void reconsider(UUID id) {
    try {
      stillBuilt(id).ifPresent(this::consider);
    } catch (RuntimeException e) {
      log.error("the automatic switch to {} stays due until the next start", id, e);
    }
  }

  /** The top of a thread: what goes wrong is kept with the build, or logged. */
  private void switchTo(ShadowIndex build, AutoSwitch policy) {
    UUID id = build.id();
    var request =
        new SwitchRequest(
            id, false, policy.checks(), null, policy.backupCurrent(), policy.timeout(), true, null);
    try {
      var _ = witness.during(build, () -> switches.execute(request));
    } catch (RefusedException e) {
      if (e.refusal() instanceof Refusal.OutcomeUnknown) {
        log.error("the automatic switch to {} is decided by the next start", id, e);
      } else if (!isOfAnotherSwitchToIt(e.refusal())) {
        keepRefusal(id, e.refusal().message());
      }
    } catch (IOException | RuntimeException e) {
      log.error("the automatic switch to {} failed", id, e);
      keepRefusal(id, "the disk failed; nothing was changed");
    } finally {
      Integer asked = underWay.remove(id);
      if (asked != null && asked > 1) {
        reconsider(id);
      }
    }
  }

  /** Whether somebody was faster, after whose failure this switch is still to be made. */
  private static boolean isOfAnotherSwitchToIt(Refusal refusal) {
    return refusal instanceof Refusal.IllegalTransition
        || (refusal instanceof Refusal.LockHeld held
            && Objects.equals(held.lockId(), held.buildId()));
  }

  /**
   * Keeps why a build is still BUILT; the end of a switch has itself kept what became of others.
   */
  private void keepRefusal(UUID id, String message) {
    try {
      if (stillBuilt(id).isEmpty()) {
        return;
      }
      builds.saveSwitchResult(
          id,
          new SwitchResult(
              false,
              true,
              message,
              Duration.ZERO,
              Duration.ZERO,
              List.of(),
              List.of(),
              clock.instant()));
    } catch (RuntimeException e) {
      log.error("the automatic switch to {} stays due until the next start", id, e);
    }
  }

  private Optional<ShadowIndex> stillBuilt(UUID id) {
    return builds.find(id).filter(build -> build.state() == BuildState.BUILT);
  }

  /** Waits for the switches under way; those that have not begun stay due. */
  @Override
  public void close() {
    threads.shutdown();
    try {
      if (!threads.awaitTermination(drain.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("{} automatic switches are left to the next start", underWay.size());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
