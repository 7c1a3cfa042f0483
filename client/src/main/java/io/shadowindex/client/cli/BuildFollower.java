package io.shadowindex.client.cli;

import com.google.protobuf.Message;
import io.shadowindex.client.BuildWatch;
import io.shadowindex.v1.BuildProgress;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.WatchBuildResponse;
import io.shadowindex.v1.WatchBuildResponse.Notice;
import io.shadowindex.v1.WatchBuildResponse.Staging;
import io.shadowindex.v1.WatchBuildResponse.StateChange;
import io.shadowindex.v1.WatchBuildResponse.SwitchStep;
import java.util.function.Consumer;

/** Shows a watched build until it is final. */
final class BuildFollower {
  private final ProgressView view;
  private final Consumer<Message> listener;
  private long stagedTenth;
  private ShadowIndex.State state = ShadowIndex.State.STATE_UNSPECIFIED;

  /**
   * One that has followed nothing yet.
   *
   * @param listener is told of each message before it is shown
   */
  BuildFollower(ProgressView view, Consumer<Message> listener) {
    this.view = view;
    this.listener = listener;
  }

  /** Shows every message and answers the last state. */
  ShadowIndex.State follow(BuildWatch watch) {
    while (watch.hasNext()) {
      WatchBuildResponse message = watch.next();
      listener.accept(message);
      show(message);
    }
    return state;
  }

  private void show(WatchBuildResponse message) {
    switch (message.getEventCase()) {
      case SNAPSHOT -> show(message.getSnapshot());
      case STATE_CHANGE -> show(message.getStateChange());
      case PROGRESS -> view.progress(message.getProgress());
      case STAGING -> show(message.getStaging());
      case SWITCH_STEP -> show(message.getSwitchStep());
      case NOTICE -> show(message.getNotice());
      case HEARTBEAT -> {} // all is told
      case EVENT_NOT_SET -> {} // from a server newer than this client
    }
  }

  /** A line for each tenth of a copy. */
  private void show(Staging staging) {
    long tenth =
        staging.getTotalBytes() == 0 ? 10 : staging.getCopiedBytes() * 10 / staging.getTotalBytes();
    if (tenth != stagedTenth) {
      stagedTenth = tenth;
      view.event(
          Words.text(
              "copying to the serving volume: %d %% of %s",
              tenth * 10, Words.mebibytes(staging.getTotalBytes())));
    }
  }

  private void show(ShadowIndex snapshot) {
    state = snapshot.getState();
    view.event(
        Words.text(
            "%s %s %s is %s, attempt %d%s",
            snapshot.getBranchName(),
            snapshot.getIndexType(),
            snapshot.getIndexName(),
            state,
            snapshot.getAttempt(),
            reason(snapshot.getErrorMessage())));
    view.progress(progress(snapshot));
  }

  private void show(StateChange change) {
    state = change.getState();
    view.event(
        Words.text("%s -> %s%s", change.getPreviousState(), state, reason(change.getMessage())));
  }

  private void show(SwitchStep step) {
    view.event(
        Words.text("switch: %s%s", Words.lower(step.getStep().name()), reason(step.getMessage())));
  }

  private void show(Notice notice) {
    String workers =
        notice.getLostWorkerIdsCount() == 0
            ? ""
            : " (" + String.join(", ", notice.getLostWorkerIdsList()) + ")";
    view.event(Words.lower(notice.getKind().name()) + workers + reason(notice.getMessage()));
  }

  /** How far a build was when it was looked at. */
  static BuildProgress progress(ShadowIndex snapshot) {
    BuildProgress.Builder progress =
        BuildProgress.newBuilder()
            .setBuildProgressPercent(snapshot.getBuildProgressPercent())
            .setRecordCount(snapshot.getRecordCount());
    if (snapshot.hasEstimatedCompletionSeconds()) {
      progress.setEstimatedCompletionSeconds(snapshot.getEstimatedCompletionSeconds());
    }
    return progress.build();
  }

  private static String reason(String message) {
    return message.isEmpty() ? "" : ": " + message;
  }
}
