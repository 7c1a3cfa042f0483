package io.shadowindex.server.build;

import io.shadowindex.server.index.IndexKey;
import java.util.List;
import java.util.Map;

/**
 * What StartBuild asked for; never changes.
 *
 * @param resourceTypes what the index covers and a switch locks, in the order given, at least one
 * @param parallelWorkers 0 leaves it to the worker
 * @param switching how the build is to become live
 * @param serviceName may be empty
 * @param serviceInstanceId may be empty
 * @param labels free-form
 */
public record BuildSpec(
    IndexKey key,
    List<String> resourceTypes,
    boolean fullRebuild,
    int parallelWorkers,
    SwitchPolicy switching,
    String serviceName,
    String serviceInstanceId,
    Map<String, String> labels) {

  public BuildSpec {
    resourceTypes = List.copyOf(resourceTypes);
    labels = Map.copyOf(labels);
  }
}
