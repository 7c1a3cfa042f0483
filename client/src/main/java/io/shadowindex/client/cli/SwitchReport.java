package io.shadowindex.client.cli;

import io.shadowindex.v1.SwitchIndexResponse;
import io.shadowindex.v1.SwitchPreview;

/** Prints what came of a switch. */
final class SwitchReport {
  private SwitchReport() {}

  static Exit print(ShadowCtl ctl, SwitchIndexResponse answer) {
    ctl.show(answer);
    ctl.print("%s", answer.getMessage());
    answer.getValidationErrorsList().forEach(error -> ctl.print("validation: %s", error));
    answer.getVerificationErrorsList().forEach(error -> ctl.print("verification: %s", error));
    answer.getWarningsList().forEach(warning -> ctl.print("warning: %s", warning));
    if (answer.hasQueryPerformanceImprovement()) {
      ctl.print(
          "probe queries %.2f times as fast as before", answer.getQueryPerformanceImprovement());
    }
    if (answer.hasPreview()) {
      preview(ctl, answer.getPreview());
    } else {
      ctl.print("lock held %s", Words.millis(answer.getLockHeldMicros()));
    }
    return answer.getSuccess() ? Exit.OK : Exit.REFUSED;
  }

  private static void preview(ShadowCtl ctl, SwitchPreview preview) {
    preview.getBlockersList().forEach(blocker -> ctl.print("blocker: %s", blocker));
    if (preview.getExpectedLockHeldMicros() > 0) {
      ctl.print("lock expected %s", Words.millis(preview.getExpectedLockHeldMicros()));
    }
    ctl.print(
        "disk needed %s, free %s",
        Words.mebibytes(preview.getNeededDiskBytes()), Words.mebibytes(preview.getFreeDiskBytes()));
    preview.getKeptShadowIndexIdsList().forEach(id -> ctl.print("keeps %s", id));
    preview.getDeletedShadowIndexIdsList().forEach(id -> ctl.print("deletes %s", id));
  }
}
