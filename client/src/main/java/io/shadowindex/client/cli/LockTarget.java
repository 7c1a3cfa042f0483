package io.shadowindex.client.cli;

import io.shadowindex.v1.Lock;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that say what is to be locked or written to. */
final class LockTarget {
  @Option(names = "--branch", paramLabel = "BRANCH", required = true, description = "The branch.")
  private String branch = "";

  @Option(
      names = "--resource-type",
      paramLabel = "NAME",
      split = ",",
      description = "The resource type; repeatable for locks; default: the whole branch.")
  private List<String> resourceTypes = List.of();

  @Option(
      names = "--resource",
      paramLabel = "ID",
      defaultValue = "",
      description = "One resource of the type.")
  private String resource = "";

  String branch() {
    return branch;
  }

  List<String> resourceTypes() {
    return resourceTypes;
  }

  /** The only resource type, or an empty name. */
  String resourceType() {
    if (resourceTypes.size() > 1) {
      throw new CommandFailure(Exit.USAGE, "Only one --resource-type can be given here.");
    }
    return resourceTypes.isEmpty() ? "" : resourceTypes.getFirst();
  }

  String resource() {
    return resource;
  }

  Lock.Scope scope() {
    if (!resource.isEmpty()) {
      return Lock.Scope.RESOURCE;
    }
    return resourceTypes.isEmpty() ? Lock.Scope.BRANCH : Lock.Scope.RESOURCE_TYPE;
  }

  /** As people say it: {@code object_type in main}. */
  static String name(Lock lock) {
    String types = String.join(", ", lock.getResourceTypesList());
    return switch (lock.getScope()) {
      case RESOURCE_TYPE -> types + " in " + lock.getBranchName();
      case RESOURCE -> lock.getResourceId() + " of " + types + " in " + lock.getBranchName();
      case BRANCH, SCOPE_UNSPECIFIED, UNRECOGNIZED -> "branch " + lock.getBranchName();
    };
  }
}
