package io.shadowindex.server.build;

import io.shadowindex.server.index.IndexKey;
import java.util.List;
import java.util.Map;

/**
 * What StartBuild asked for; never changes.
 *
 * @param resourceTypes what the index covers and a switch locks, in the order given, at least one
 * @param parallelWorkers 0 leaves it to the worker
 * @param probeQueries in the language of the index's format; run before and after a switch to it
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
    List<String> probeQueries,
    SwitchPolicy switching,
    String serviceName,
    String serviceInstanceId,
    Map<String, String> labels) {

  public BuildSpec {
    resourceTypes = List.copyOf(resourceTypes);
    probeQueries = List.copyOf(probeQueries);
    labels = Map.copyOf(labels);
  }
}
