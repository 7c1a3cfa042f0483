package io.shadowindex.client.cli;

import io.shadowindex.client.ShadowIndexClient;
import io.shadowindex.v1.AutoSwitch;
import io.shadowindex.v1.ShadowIndex;
import io.shadowindex.v1.StartBuildRequest;
import io.shadowindex.v1.StartBuildResponse;
import io.shadowindex.v1.SwitchStrategy;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code shadowctl start}. */
@Command(
    name = "start",
    description = "Start a build and say where its worker writes.",
    footer = {
      "shadowctl start --branch main",
      "shadowctl start --branch feature/x --type GRAPH_INDEX --resource-type object_type,link_type",
      "shadowctl start --branch main --auto-switch --label team=search -o name"
    })
final class StartCommand extends ClientCommand {
  @Mixin private final BuildOptions build = new BuildOptions();

  @Option(names = "--full-rebuild", description = "Build from nothing.")
  private boolean fullRebuild;

  @Option(
      names = "--parallel-workers",
      paramLabel = "N",
      defaultValue = "0",
      description = "How many workers build in parallel; default: theirs to decide.")
  private int parallelWorkers;

  @Option(
      names = "--copy",
      description = "Serve from a copy on the serving volume: COPY_AND_REPLACE.")
  private boolean copy;

  @Option(
      names = "--auto-switch",
      paramLabel = "BOOL",
      arity = "0..1",
      fallbackValue = "true",
      description = "Whether to switch when the build is complete; default: the server's.")
  private @Nullable Boolean autoSwitch;

  @Option(
      names = "--label",
      paramLabel = "NAME=VALUE",
      description = "A free-form label; repeatable.")
  private Map<String, String> labels = Map.of();

  StartCommand(ShadowCtl ctl) {
    super(ctl);
  }

  @Override
  Exit ask(ShadowIndexClient client) {
    StartBuildRequest.Builder request = build.request().putAllLabels(labels);
    request.getBuildConfigBuilder().setFullRebuild(fullRebuild).setParallelWorkers(parallelWorkers);
    if (copy) {
      request.setSwitchStrategy(SwitchStrategy.Enum.COPY_AND_REPLACE);
    }
    if (autoSwitch != null) {
      request.setAutoSwitch(AutoSwitch.newBuilder().setEnabled(autoSwitch).setBackupCurrent(true));
    }
    StartBuildResponse started = client.startBuild(request.build());
    ShadowIndex index = started.getShadowIndex();
    ctl.show(started);
    ctl.print("%s", started.getMessage());
    ctl.print("id         %s", started.getShadowIndexId());
    ctl.print("token      %d", index.getFencingToken());
    ctl.print("write to   %s", index.getShadowIndexPath());
    ctl.print("live link  %s", index.getCurrentIndexPath());
    ctl.print("estimate   %d min", started.getEstimatedBuildTimeMinutes());
    return Exit.OK;
  }
}
