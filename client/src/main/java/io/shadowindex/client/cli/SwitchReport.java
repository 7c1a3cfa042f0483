package io.shadowindex.client.cli;

import io.shadowindex.v1.SwitchIndexResponse;

/** Prints what came of a switch. */
final class SwitchReport {
  private SwitchReport() {}

  static Exit print(ShadowCtl ctl, SwitchIndexResponse answer) {
    ctl.print("%s", answer.getMessage());
    answer.getValidationErrorsList().forEach(error -> ctl.print("validation: %s", error));
    answer.getVerificationErrorsList().forEach(error -> ctl.print("verification: %s", error));
    answer.getWarningsList().forEach(warning -> ctl.print("warning: %s", warning));
    ctl.print("lock held %s", Words.millis(answer.getLockHeldMicros()));
    return answer.getSuccess() ? Exit.OK : Exit.REFUSED;
  }
}
