package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.SwitchIndexRequest;
import io.shadowindex.v1.ValidationCheck;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl switch}. */
@Command(
    name = "switch",
    description = "Make a built generation the live one.",
    footer = {
      "shadowctl switch 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11",
      "shadowctl switch 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --dry-run",
      "shadowctl switch 3f0c5a3e-6d0f-4a55-9a50-0e5b8f7c2d11 --check INTEGRITY_CHECK --timeout 30"
    })
final class SwitchCommand extends ClientCommand.OfBuild {
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
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    SwitchIndexRequest.Builder request =
        options
            .request(id())
            .addAllValidationChecks(checks)
            .setSwitchTimeoutSeconds(lock.timeoutSeconds())
            .setValidateOnly(dryRun);
    if (tolerance != null) {
      request.setTolerance(tolerance);
    }
    return SwitchReport.print(ctl, client.switchIndex(request.build()));
  }
}
