package io.shadowindex.server.build;

import io.shadowindex.server.index.Generation;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One build of an index as it is stored, at one revision.
 *
 * @param fencingToken of the worker that may act on it
 * @param revision of the newest event in the log that changed it
 * @param completion null before BUILT
 * @param backup whether it counts among the last superseded generations that are kept
 * @param autoSwitchDue whether the switch that it asked for is still to be made
 * @param lastSwitch null before the first attempt
 * @param errorMessage empty when there is none
 * @param stalled whether a worker has been silent for longer than its lease; only while BUILDING
 * @param paused whether its workers are to pause; only while BUILDING
 */
public record ShadowIndex(
    UUID id,
    long sequence,
    BuildSpec spec,
    BuildState state,
    int attempt,
    long fencingToken,
    long revision,
    BuildProgress progress,
    @Nullable Completion completion,
    Times times,
    boolean backup,
    boolean autoSwitchDue,
    @Nullable SwitchResult lastSwitch,
    String errorMessage,
    boolean stalled,
    boolean paused) {

  /** Under which key lines of the log say that they are about a build, or a generation. */
  public static final String ID_IN_LOG = "build_id";

  private static final long MEBIBYTE = 1 << 20;

  /** When things happened; null until they have. */
  public record Times(
      Instant created,
      @Nullable Instant started,
      @Nullable Instant completed,
      @Nullable Instant switched,
      @Nullable Instant retainUntil,
      @Nullable Instant filesDeleted) {}

  /** The size as the worker gave it, else as measured; 0 before BUILT. */
  public long indexSizeBytes() {
    return completion == null ? 0 : completion.indexSizeBytes();
  }

  /** Whether its files are still kept. */
  public boolean hasFiles() {
    return times.filesDeleted() == null;
  }

  /** As something that a live link can lead to. */
  public Generation generation() {
    return new Generation(id, spec.switching().strategy());
  }

  /**
   * A conservative upper bound for a switch: size / 100 MiB within 1 to 3 s, with a copy size / 50
   * MiB within 5 to 30 s, 5 s while unknown.
   */
  public Duration estimatedSwitchDuration() {
    if (completion == null || completion.indexSizeBytes() == 0) {
      return Duration.ofSeconds(5);
    }
    long mebibytes = completion.indexSizeBytes() / MEBIBYTE;
    return Duration.ofSeconds(
        switch (spec.switching().strategy()) {
          case ATOMIC_RENAME -> Math.clamp(mebibytes / 100, 1, 3);
          case COPY_AND_REPLACE -> Math.clamp(mebibytes / 50, 5, 30);
        });
  }

  /**
   * When the build will be complete: the workers' own estimate, less what has passed since; without
   * one from the pace of the last reports, and until that is known from the speed since the start.
   * Null when unknown, unless BUILDING, and, without the workers' own, while paused.
   */
  public @Nullable Estimate estimatedCompletion(Instant now) {
    Instant reported = progress.reportedAt();
    if (state != BuildState.BUILDING || reported == null || times.started() == null) {
      return null;
    }
    double passed = Duration.between(reported, now).toMillis() / 1e3;
    Integer own = progress.estimatedCompletionSeconds();
    if (own != null) {
      return Estimate.exactly(own - passed, own == 0);
    }
    if (paused) {
      return null;
    }
    Estimate paced = progress.pace() == null ? null : progress.pace().estimate(now);
    if (paced != null || progress.percent() == 0) {
      return paced;
    }
    double taken = Duration.between(times.started(), reported).toMillis() / 1e3;
    double left = taken * (100 - progress.percent()) / progress.percent();
    return Estimate.within(left / 2 - passed, left - passed, left * 2 - passed);
  }

  ShadowIndex withProgress(BuildProgress newest) {
    return new ShadowIndex(
        id,
        sequence,
        spec,
        state,
        attempt,
        fencingToken,
        revision,
        newest,
        completion,
        times,
        backup,
        autoSwitchDue,
        lastSwitch,
        errorMessage,
        stalled,
        paused);
  }
}
