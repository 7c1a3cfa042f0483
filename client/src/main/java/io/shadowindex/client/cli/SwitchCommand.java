package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.ValidationCheck;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shadowctl switch}. */
@Command(name = "switch", description = "Make a built generation the live one.")
final class SwitchCommand implements Callable<Integer> {
  private final ShadowCtl ctl;

  @Parameters(paramLabel = "ID", description = "The build.")
  private String id = "";

  @Mixin private final SwitchOptions options = new SwitchOptions();

  @Option(
      names = "--check",
      paramLabel = "CHECK",
      description =
          "RECORD_COUNT_VALIDATION, SIZE_COMPARISON or INTEGRITY_CHECK, which reads every file;"
              + " repeatable; default: the first two.")
  private List<ValidationCheck.Enum> checks = List.of();

  @Option(
      names = "--tolerance",
      paramLabel = "FRACTION",
      description =
          "How far count and size may be from the live ones, 0 to 1; at most the server's, which is"
              + " the default.")
  private @Nullable Double tolerance;

  @Option(names = "--dry-run", description = "Only say what the switch would do.")
  private boolean dryRun;

  @Mixin private final LockOptions lock = new LockOptions();

  SwitchCommand(ShadowCtl ctl) {
    this.ctl = ctl;
  }

  @Override
  public Integer call() {
    SwitchIndexRequest.Builder request =
        options
            .request(id)
            .addAllValidationChecks(checks)
            .setSwitchTimeoutSeconds(lock.timeoutSeconds())
            .setValidateOnly(dryRun);
    if (tolerance != null) {
      request.setTolerance(tolerance);
    }
    try (ShadowIndexClient client = ctl.connect()) {
      return SwitchReport.print(ctl, client.switchIndex(request.build())).code();
    }
  }
}
